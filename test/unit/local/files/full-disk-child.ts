import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FileBlobStore } from '../../../../functions/local/files/blob-store.ts';
import { bytesOf, sourceOf } from '../../../contract/fed-source.ts';
import { madeDigest } from '../../../contract/made-content.ts';

/** A process that may write small files only: says how a small and a large put ended. */
async function run(folder: string): Promise<void> {
  const store = await FileBlobStore.open(folder, { now: Date.now });
  const put = (size: number) => {
    const bytes = new Uint8Array(size);
    return store.put({ digest: madeDigest(bytes), size }, sourceOf(bytes));
  };
  const codeOf = (error: unknown) =>
    error instanceof Error && 'code' in error ? error.code : String(error);
  const small = (await put(1000).done).kind;
  const failing = put(3_000_000);
  const followed = failing.follow?.() ?? new ReadableStream();
  const [large, follower] = await Promise.all([
    failing.done.then((outcome) => outcome.kind, codeOf),
    bytesOf(followed).then(() => 'clean end', codeOf),
  ]);
  const incoming = await readdir(join(folder, 'blobs', 'incoming'));
  console.log(
    JSON.stringify({ small, large, follower, incoming, usedBytes: await store.usedBytes() }),
  );
  await store.close();
}

await run(process.argv[2] ?? '');
