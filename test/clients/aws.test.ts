import { expect, it } from 'vitest';
import { type RunningAws, startAws } from '../forms/aws/functions.ts';
import { appImage, blobBytes, dataDigest } from './harness/app-image.ts';
import { useStage } from './harness/client.ts';
import type { StartMirror } from './harness/mirror.ts';
import { expectPulled, pullsAt } from './harness/pulling.ts';
import { describeWith } from './harness/requirement.ts';
import { triedClients } from './harness/tried-clients.ts';

let running: RunningAws | undefined;

/** The functions that run now, in their own processes, over a table and a bucket. */
function functions(): RunningAws {
  if (running === undefined) throw new Error('the functions run inside tests only');
  return running;
}

const startFunctions: StartMirror = async (_folder, upstreams) => {
  const aws = await startAws({ configuration: { upstreams }, pullers: 2 });
  running = aws;
  return { url: aws.url, lines: () => aws.output.split('\n'), stop: () => aws.close() };
};

/** Waits until the mirror redirects to the bucket for every blob. */
async function stored(repository: string, digests: readonly string[]): Promise<void> {
  for (const digest of digests) {
    for (;;) {
      const answer = await functions().get(`/v2/${repository}/blobs/${digest}`);
      await answer.body?.cancel();
      if (answer.headers.get('location')?.startsWith(functions().s3.endpoint)) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

// What clients do in every case is shown over one machine; here, that they get on with a bucket.
for (const { name, programs, start } of triedClients) {
  describeWith(`${name} over the functions`, { programs, root: true }, () => {
    const setting = useStage(`aws-${name}`, start, startFunctions);

    it('pulls a new image by the upstream’s redirects, and again out of the bucket', async () => {
      const { stage, client } = setting;
      const image = appImage(`aws-${name}`);
      const blobs = [image.config, ...image.layers].map(({ digest }) => digest);
      const reference = `docker.io/library/aws-${name}:1`;
      stage.upstream.add(`library/aws-${name}`, image, '1');
      expectPulled(await client.pull(reference));
      expect(pullsAt(stage.upstream)).toBe(1);
      expect(stage.upstream.bytes('cdn')).toBeGreaterThanOrEqual(blobBytes(image));
      await client.remove(reference);

      await stored(`library/aws-${name}`, blobs);
      stage.upstream.clear();
      stage.tap.clear();
      expectPulled(await client.pull(reference));
      expect(stage.upstream.requests).toEqual([]);
      const redirects = stage.tap.matching(/^GET .*\/blobs\/.* -> 307$/);
      expect(redirects).toHaveLength(3);
      const { endpoint, server } = functions().s3;
      for (const { answer } of redirects) expect(answer.location).toContain(endpoint);
      const read = server?.requests.filter(({ operation }) => operation === 'GetObject') ?? [];
      for (const digest of blobs) {
        const hex = digest.slice('sha256:'.length);
        const found = read.find(({ key, auth }) => key?.endsWith(hex) && auth === 'query');
        expect(found, digest).toMatchObject({ status: 200 });
      }
      const said = await client.run?.(reference, ['sha256sum', '/data']);
      expect(said).toContain(dataDigest(`aws-${name}`));
      await client.remove(reference);
    });
  });
}
