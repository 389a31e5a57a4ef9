import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startS3Server } from '../standins/s3/s3-server.ts';
import type { LargeFill, LargeFillReport } from './large-fill.ts';

const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' };
const gigabyte = 1_000_000_000;

describe('a fill of a large blob in a process of its own', () => {
  let folder: string;
  let script: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pullfront-large-fill-'));
    script = join(folder, 'large-fill.cjs');
    await build({
      entryPoints: [join(import.meta.dirname, 'large-fill.ts')],
      outfile: script,
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'cjs',
      logLevel: 'error',
    });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function fill(how: Pick<LargeFill, 'bytes' | 'slices' | 'again'>) {
    const bucket = 'large';
    const region = 'us-east-1';
    const server = await startS3Server({ credentials, region, bucket, keep: 'discard-large' });
    const child = fork(script, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const { endpoint } = server;
    child.send({ ...how, endpoint, bucket, region, credentials } satisfies LargeFill);
    const [report] = (await once(child, 'message')) as [LargeFillReport]; // What the script sends.
    await once(child, 'exit');
    await server.close();
    return report;
  }

  test.each([
    { what: 'as it comes', bytes: gigabyte, slices: 1, again: false },
    { what: 'in slices', bytes: 2 * gigabyte, slices: 4, again: false },
    { what: 'in parts, with a hash to go on from', bytes: gigabyte, slices: 4, again: true },
  ])(
    'takes less than 240 MB of memory: $what',
    async ({ what, ...how }) => {
      const report = await fill(how);
      const { megabytesPerSecond, hashMegabytesPerSecond, maxRssMegabytes } = report;
      console.info(
        `fill ${what}: ${megabytesPerSecond} MB/s (sha256 alone ${hashMegabytesPerSecond}), ${maxRssMegabytes} MB`,
      );
      expect(report.kind).toBe('stored');
      expect(maxRssMegabytes).toBeLessThan(240);
    },
    180_000,
  );
});
