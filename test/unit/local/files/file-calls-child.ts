import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { sourceOf } from '../../../contract/fed-source.ts';
import { madeDigest } from '../../../contract/made-content.ts';

/*
 * A process that stores a blob and prints the calls which decide whether it survives a crash, in their
 * order; then it deletes the blob while it is stored again, where deletions are slow. A killed process
 * shows nothing of that: its writes stay in the page cache.
 */

const folder = process.argv[2] ?? '';
const calls: string[] = [];
const paths = new Map<number, string>();
const named = (path: unknown) => relative(folder, String(path));

// The store is imported afterwards, with these in place of Node's.
const { open, fsync } = fs;
Object.assign(fs, {
  open: (path: string, flags: number, mode: number, callback: (e: unknown, fd: number) => void) =>
    open(path, flags, mode, (error, fd) => {
      paths.set(fd, path);
      callback(error, fd);
    }),
  fsync: (fd: number, callback: (error: unknown) => void) =>
    fsync(fd, (error) => {
      calls.push(`sync ${named(paths.get(fd))}`);
      callback(error);
    }),
});
let removalTakes = 0;
const promises = { ...fs.promises };
Object.assign(fs.promises, {
  open: async (path: string, ...rest: []) => {
    const handle = await promises.open(path, ...rest);
    const sync = handle.sync.bind(handle);
    handle.sync = async () => {
      await sync();
      calls.push(`sync ${named(path)}`);
    };
    return handle;
  },
  rename: async (from: string, to: string) => {
    await promises.rename(from, to);
    calls.push(`rename ${named(from)} ${named(to)}`);
  },
  rm: async (path: string, options: object) => {
    await pause(removalTakes);
    await promises.rm(path, options);
  },
});
syncBuiltinESMExports();

async function run(): Promise<void> {
  const { FileBlobStore } = await import('../../../../functions/local/files/blob-store.ts');
  const store = await FileBlobStore.open(folder, { now: Date.now });
  const bytes = new Uint8Array(1000);
  const digest = madeDigest(bytes);
  const put = () => store.put({ digest, size: bytes.byteLength }, sourceOf(bytes)).done;
  await put();
  calls.push('stored');
  const ofPut = calls.splice(0);

  // Another blob of the same folder.
  const shard = digest.slice(0, 'sha256:ab'.length);
  const bytesOf = (size: number) => new Uint8Array(size);
  let size = 1001;
  while (!madeDigest(bytesOf(size)).startsWith(shard)) size += 1;
  const next = { digest: madeDigest(bytesOf(size)), size };
  await store.put(next, sourceOf(bytesOf(size))).done;
  const ofNext = calls.splice(0);

  removalTakes = 200;
  const deleting = store.delete(digest);
  const again = await put();
  await deleting;
  const isThere = (await store.locate(digest)) !== undefined;
  await store.close();
  console.log(JSON.stringify({ digest, calls: ofPut, ofNext, again: again.kind, isThere }));
}

await run();
