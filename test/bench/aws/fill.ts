import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningAws, startAws } from '../../forms/aws/functions.ts';
import { randomFileLayer } from '../../standins/images/file-layer.ts';
import { makeImage } from '../../standins/images/image.ts';
import { randomLayer } from '../../standins/images/layer.ts';
import { startUpstream } from '../../standins/registry/upstream.ts';
import type { OpenedS3 } from '../../standins/s3/open-s3.ts';
import { startS3Server } from '../../standins/s3/s3-server.ts';
import { processMemory } from '../process-memory.ts';
import { measureBareRelay } from './bare-relay.ts';

/** How fast a process moved bytes. */
export interface MovedBytes {
  /** MB/s. */
  readonly speed: number;
  /** MB for each second of its processor time: what one whole CPU would move. */
  readonly perCpuSecond: number;
}

/** One large blob through the fill function; the speed is by the function's own event. */
export interface FillSpeed extends MovedBytes {
  /** MB for each second of its processor time, its start with a small fill included. */
  readonly withStart: number;
  /** The least that Node can do with the same bytes: from socket to socket, unseen. */
  readonly relay: MovedBytes;
  /** MB/s of this machine's SHA-256, alone. */
  readonly sha256: number;
  /** The highest resident memory of the function's process, in MB. */
  readonly memory: number;
}

/**
 * Fills a small blob, which starts the function, and one of so many bytes. The upstream and the
 * bucket are in this process and share the machine with the function, so the speed is a lower bound.
 */
export async function measureFill(bytes: number): Promise<FillSpeed> {
  const folder = await mkdtemp(join(tmpdir(), 'pullfront-bench-fill-'));
  const upstream = await startUpstream({ auth: 'anonymous' });
  try {
    const small = randomLayer('small', 1000);
    const large = await randomFileLayer(join(folder, 'layer'), 'fill', bytes);
    upstream.add('library/small', makeImage({ layers: [small] }), '1');
    upstream.add('library/large', makeImage({ layers: [large] }), '1');
    const configuration = { upstreams: { 'docker.io': { url: upstream.url } } };
    const aws = await startAws({ configuration, s3: await forgetfulS3(), fillTimeout: 300_000 });
    try {
      await filled(aws, 'library/small', small.digest);
      const [pid = 0] = aws.pids('fill');
      const start = await cpuSeconds(pid);
      // The redirect to the blob, which the fill takes as well.
      const location = await redirectOf(aws, 'library/large', large.digest);
      const time = await filled(aws, 'library/large', large.digest);
      const used = await cpuSeconds(pid);
      const megabytes = large.size / 1e6;
      return {
        speed: (megabytes / time) * 1000,
        perCpuSecond: megabytes / (used - start),
        withStart: megabytes / used,
        memory: (await processMemory(pid)).highest / 1e6,
        relay: await measureBareRelay(location),
        sha256: sha256Speed(),
      };
    } finally {
      await aws.close();
    }
  } finally {
    await upstream.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Where the mirror sends a client for a blob that is not stored: to the upstream's own place. */
async function redirectOf(aws: RunningAws, repository: string, digest: string): Promise<string> {
  const { headers } = await aws.get(`/v2/${repository}/blobs/${digest}`);
  const location = headers.get('location');
  if (location === null) throw new Error('the mirror did not redirect');
  return location;
}

/** Pulls a manifest, and gives how long the fill of the blob took in ms. */
async function filled(aws: RunningAws, repository: string, digest: string): Promise<number> {
  await (await aws.get(`/v2/${repository}/manifests/1`)).arrayBuffer();
  const event = new RegExp(
    `"message":"fill"[^\\n]*"${digest}","outcome":"stored"[^\\n]*"ms":(\\d+)`,
  );
  for (;;) {
    const ended = event.exec(aws.output);
    const { messages } = aws.sqs.queue(aws.queueUrl);
    if (ended !== null && messages.size === 0) return Number(ended[1]);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A bucket that hashes what it gets, and keeps nothing of what is large. */
async function forgetfulS3(): Promise<OpenedS3> {
  const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'no/secret+here' };
  const region = 'us-east-1';
  const bucket = 'pullfront-bench';
  const server = await startS3Server({ credentials, region, bucket, keep: 'discard-large' });
  const close = () => server.close();
  const { endpoint } = server;
  return { endpoint, bucket, region, credentials, server, kind: undefined, close };
}

/** The processor time that a process has used, by `/proc/<pid>/stat`, which counts in 1/100 s. */
async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** MB/s of Node's own hash over chunks of 64 KB. */
function sha256Speed(): number {
  const chunk = Buffer.alloc(65_536, 'x');
  const hash = createHash('sha256');
  const count = 8_000;
  const began = performance.now();
  for (let at = 0; at < count; at++) hash.update(chunk);
  hash.digest();
  return (count * chunk.byteLength) / 1e3 / (performance.now() - began);
}
