import { expect, test } from 'vitest';
import { mostInlineBytes } from '../../../../functions/cloudflare/d1/lists.ts';
import * as statements from '../../../../functions/cloudflare/d1/statements.ts';
import { putManifest, removeManifest } from '../../../../functions/cloudflare/d1/write-manifest.ts';
import { imageOf, madeDigest, manifestOf } from '../../../contract/made-content.ts';
import { scriptedDatabase } from './scripted-database.ts';

const app = 'docker.io/library/app';

function scene(rows: (text: string) => readonly object[] = () => []) {
  const { database, ran, batches } = scriptedDatabase(({ text }) => rows(text));
  const values = new Map<string, Uint8Array>();
  const large = {
    put: async (name: string, bytes: Uint8Array) => void values.set(name, bytes),
    delete: async (name: string) => void values.delete(name),
  } as never;
  return { database, large, ran, batches, values };
}

const bytesOf = (text: string) => new Uint8Array(new TextEncoder().encode(text));

test.each([
  ['text', bytesOf('{"a":"ä"}'), true],
  ['text with a byte order mark', bytesOf('\ufeff{}'), true],
  ['as much as a row takes', bytesOf('x'.repeat(mostInlineBytes)), true],
  ['a byte more than that', bytesOf('x'.repeat(mostInlineBytes + 1)), false],
  ['a NUL', bytesOf('{"a":"\u0000"}'), false],
  ['no UTF-8', Uint8Array.of(0x7b, 0xff, 0x7d), false],
])('a manifest of %s', async (_, bytes, isInline) => {
  const { database, large, ran, values } = scene();
  const manifest = manifestOf(bytes);
  await putManifest(database, large, app, manifest, undefined, 5);
  const [text] = ran;
  expect(text?.text).toBe(statements.putManifestText);
  const stored = text?.values[1];
  // Comparing large arrays by toEqual takes seconds.
  if (isInline) expect(madeDigest(bytesOf(String(stored)))).toBe(manifest.digest);
  else expect(stored).toBeNull();
  expect(values.get(manifest.digest)).toBe(isInline ? undefined : bytes);
});

test('a manifest is put in one batch with what it names', async () => {
  const { database, large, ran, batches } = scene();
  const { manifest, contents, blobs } = imageOf('app', ['layer']);
  await putManifest(database, large, app, manifest, contents, 5);
  expect(batches).toEqual([4]);
  expect(ran.map(({ text }) => text)).toEqual([
    statements.putManifestText,
    statements.putBlobEntries,
    statements.putRepository,
    statements.putManifest,
  ]);
  expect(ran[3]?.values).toEqual([app, manifest.digest, manifest.mediaType, 5]);
  const entries = JSON.parse(String(ran[1]?.values[2]));
  expect(entries).toHaveLength(blobs.length);
});

test('many descriptors go in several statements of bounded size', async () => {
  const { database, large, ran } = scene();
  const [blob] = imageOf('app', []).blobs;
  if (blob === undefined) throw new Error('an image has a config');
  const blobs = Array.from({ length: 3000 }, (_, size) => ({ ...blob, size }));
  const manifest = manifestOf(bytesOf('{}'));
  await putManifest(database, large, app, manifest, { blobs } as never, 5);
  const lists = ran
    .filter(({ text }) => text === statements.putBlobEntries)
    .map(({ values }) => String(values[2]));
  expect(lists.length).toBeGreaterThan(1);
  expect(Math.max(...lists.map((list) => list.length * 3))).toBeLessThan(mostInlineBytes + 10);
  expect(lists.flatMap((list) => JSON.parse(list))).toHaveLength(3000);
});

test.each([
  [1, 1, false, true],
  [0, 0, true, false],
])(
  'removes what is in the bucket: %s; the last manifest: %s',
  async (isElsewhere, last, kept, isLast) => {
    const digest = madeDigest('manifest');
    const { database, large, values, batches } = scene((text) => {
      if (text === statements.removeManifestText) return [{ isElsewhere }];
      return text === statements.removeRepository && last === 1 ? [{ name: app }] : [];
    });
    values.set(digest, new Uint8Array());
    expect(await removeManifest(database, large, app, digest)).toEqual({ isLast });
    expect(values.has(digest)).toBe(kept);
    expect(batches).toEqual([4]);
  },
);

test('a manifest that another repository has stays', async () => {
  const digest = madeDigest('manifest');
  const { database, large, values } = scene();
  values.set(digest, new Uint8Array());
  await removeManifest(database, large, app, digest);
  expect(values.has(digest)).toBe(true);
});
