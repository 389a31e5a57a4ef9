import { randomBytes, randomInt } from 'node:crypto';
import { writeSync } from 'node:fs';
import { openEmbeddedStore } from '../../../functions/local/open.ts';
import { sourceOf } from '../../contract/fed-source.ts';
import { imageOf, madeDigest } from '../../contract/made-content.ts';

/**
 * A process that opens the store in the folder it is told, and says `open` or why it cannot. Told
 * to write, it stores blobs, manifests and jobs as fast as it can and says what was acknowledged.
 */
async function run(folder: string, mode: string | undefined): Promise<void> {
  const store = await openEmbeddedStore(folder, { now: Date.now });
  // Synchronous, so that nothing acknowledged is lost with the process.
  const say = (line: string) => writeSync(1, `${line}\n`);
  say('open');
  if (mode !== 'write') {
    await new Promise((resolve) => process.stdin.on('end', resolve).resume());
    return store.close();
  }
  const repository = { registry: 'docker.io', name: 'library/app' };
  const writeBlobs = async (longest: number) => {
    for (;;) {
      const bytes = new Uint8Array(randomBytes(randomInt(longest)));
      const digest = madeDigest(bytes);
      await store.blobs.put({ digest, size: bytes.byteLength }, sourceOf(bytes)).done;
      say(`blob ${digest}`);
    }
  };
  const writeManifests = async () => {
    for (;;) {
      const name = randomBytes(8).toString('hex');
      const { manifest, contents, blobs } = imageOf(name, [`${name}-1`, `${name}-2`]);
      await store.manifests.putManifest(repository, manifest, contents, Date.now());
      say(`manifest ${manifest.digest}`);
      const [blob] = blobs;
      if (blob === undefined) continue;
      await store.queue.enqueue([{ repository, blob }]);
      say(`job ${blob.digest}`);
    }
  };
  await Promise.all([
    writeBlobs(100_000),
    writeBlobs(100),
    writeBlobs(20_000_000),
    writeManifests(),
  ]);
}

run(process.argv[2] ?? '', process.argv[3]).catch((error: unknown) => {
  writeSync(1, `${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
