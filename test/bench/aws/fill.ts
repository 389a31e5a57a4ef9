import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OpenedS3 } from '../../aws/s3-server/open-s3.ts';
import { startS3Server } from '../../aws/s3-server/s3-server.ts';
import { randomFileLayer } from '../../images/file-layer.ts';
import { makeImage } from '../../images/image.ts';
import { startAws } from '../../runtime/aws/start-aws.ts';
import { startUpstream } from '../../upstream/upstream.ts';
import { processMemory } from '../process-memory.ts';

/** One large blob through the fill function. */
export interface FillSpeed {
  /** MB/s, by the function's own event. */
  readonly speed: number;
  /** MB for each second of processor time of the function: what one whole CPU would move. */
  readonly perCpuSecond: number;
  /** MB/s of this machine's SHA-256, alone. */
  readonly sha256: number;
  /** The highest resident memory of the function's process, in MB. */
  readonly memory: number;
}

/**
 * Fills a blob of so many bytes. The upstream and the bucket are in this process and share the
 * machine with the function, so the speed is a lower bound.
 */
export async function measureFill(bytes: number): Promise<FillSpeed> {
  const folder = await mkdtemp(join(tmpdir(), 'pullfront-bench-fill-'));
  const upstream = await startUpstream({ auth: 'anonymous' });
  try {
    const layer = await randomFileLayer(join(folder, 'layer'), 'fill', bytes);
    upstream.add('library/large', makeImage({ layers: [layer] }), '1');
    const configuration = { upstreams: { 'docker.io': { url: upstream.url } } };
    const aws = await startAws({ configuration, s3: await forgetfulS3(), fillTimeout: 300_000 });
    try {
      await (await aws.get('/v2/library/large/manifests/1')).arrayBuffer();
      const event = new RegExp(
        `"message":"fill"[^\\n]*"${layer.digest}","outcome":"stored"[^\\n]*"ms":(\\d+)`,
      );
      let ended = event.exec(aws.output());
      while (ended === null) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        ended = event.exec(aws.output());
      }
      const [pid = 0] = aws.pids('fill');
      const memory = (await processMemory(pid)).highest / 1e6;
      const perCpuSecond = layer.size / 1e6 / (await cpuSeconds(pid));
      const speed = layer.size / 1e3 / Number(ended[1]);
      return { speed, perCpuSecond, sha256: sha256Speed(), memory };
    } finally {
      await aws.close();
    }
  } finally {
    await upstream.close();
    await rm(folder, { recursive: true, force: true });
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
