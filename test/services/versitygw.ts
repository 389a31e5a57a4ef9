import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runWell } from '../clients/harness/run.ts';
import { keptProgram } from './kept-program.ts';
import { type Service, startService } from './service.ts';

const version = 'v1.8.0';
const command = 'github.com/versity/versitygw/cmd/versitygw';
const buildMs = 900_000;

/** Who may speak to the server, and of which bucket. */
export interface BucketOwner {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  readonly bucket: string;
}

/** Versity's S3 gateway from the Go module proxy, over a folder that goes with it. */
export async function startVersitygw(owner: BucketOwner): Promise<Service> {
  const folder = await keptProgram(`versitygw-${version}`, build);
  const data = mkdtempSync(join(tmpdir(), 'pullfront-versitygw-'));
  const [buckets, metadata, accounts] = ['buckets', 'metadata', 'accounts'].map((name) =>
    join(data, name),
  ) as [string, string, string]; // Three names, three paths.
  for (const path of [metadata, accounts, join(buckets, owner.bucket)]) {
    mkdirSync(path, { recursive: true });
  }
  try {
    const service = await startService({
      program: join(folder, 'versitygw'),
      args: (port) => [
        ...['--port', `127.0.0.1:${port}`, '--region', owner.region, '--health', '/health'],
        // Without accounts of its own it answers an unknown one in words that are not S3's.
        ...['--iam-dir', accounts, '--quiet', '--keep-alive'],
        // Not every file system of a test machine has extended attributes.
        ...['posix', '--sidecar', metadata, buckets],
      ],
      readyPath: '/health',
      env: { ROOT_ACCESS_KEY_ID: owner.accessKeyId, ROOT_SECRET_ACCESS_KEY: owner.secretAccessKey },
    });
    return {
      endpoint: service.endpoint,
      async stop() {
        await service.stop();
        rmSync(data, { recursive: true, force: true });
      },
    };
  } catch (error) {
    rmSync(data, { recursive: true, force: true });
    throw error;
  }
}

/** Built by Go, which checks the module against its checksum database. */
async function build(folder: string): Promise<void> {
  const work = join(folder, 'work');
  mkdirSync(work);
  writeFileSync(join(work, 'go.mod'), 'module pullfront.test/versitygw\n\ngo 1.25.0\n');
  const env = { GOFLAGS: '-mod=mod', GOWORK: 'off', CGO_ENABLED: '0' };
  const go = (args: readonly string[]): Promise<string> =>
    runWell('/usr/bin/env', ['-C', work, 'go', ...args], { env, timeoutMs: buildMs });
  await go(['get', `${command}@${version}`]);
  await go(['build', '-trimpath', '-ldflags', '-s -w', '-o', join(folder, 'versitygw'), command]);
  rmSync(work, { recursive: true });
}
