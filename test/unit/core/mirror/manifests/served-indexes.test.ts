import { beforeEach, expect, test } from 'vitest';
import type { Context } from '../../../../../functions/core/mirror/context.ts';
import { manifestKey } from '../../../../../functions/core/mirror/manifests/manifest-cache.ts';
import {
  isOfServedIndex,
  noteServedIndex,
} from '../../../../../functions/core/mirror/manifests/served-indexes.ts';
import { createMemory } from '../../../../../functions/core/mirror/memory.ts';
import type { Source } from '../../../../../functions/core/sources/source.ts';
import { madeDigest } from '../../../../contract/made-content.ts';
import { makeImage } from '../../../../standins/images/image.ts';
import { makeIndex } from '../../../../standins/images/image-index.ts';
import { known } from '../scripted-upstream.ts';

const repository = { registry: 'docker.io', name: 'library/app' };
const source = { key: 'docker.io/library/app', repository } as unknown as Source;
const other = { key: 'docker.io/library/other', repository } as unknown as Source;
const image = makeImage({ layers: [] });
const index = makeIndex([{ item: image, platform: 'linux/amd64' }]);
const child = known(image.manifest.digest);
const parent = known(index.manifest.digest);

let now: number;
let context: Context;

beforeEach(() => {
  now = 0;
  const memory = createMemory(100_000, () => now);
  const { bytes, mediaType } = index.manifest;
  const manifest = { digest: parent, mediaType, bytes: new Uint8Array(bytes) };
  memory.manifests.set(manifestKey(repository, parent), { manifest, summary: undefined });
  const manifests = { getManifest: async () => undefined };
  context = { memory, attempt: { manifests } } as unknown as Context;
});

test('a manifest is of an index that a client got from here', async () => {
  expect(await isOfServedIndex(context, source, child)).toBe(false);
  noteServedIndex(context, source, parent);
  expect(await isOfServedIndex(context, source, child)).toBe(true);
  expect(await isOfServedIndex(context, source, madeDigest('another'))).toBe(false);
  expect(await isOfServedIndex(context, other, child)).toBe(false);
});

test('an index counts for an hour', async () => {
  noteServedIndex(context, source, parent);
  now = 3_599_999;
  expect(await isOfServedIndex(context, source, child)).toBe(true);
  now += 1;
  expect(await isOfServedIndex(context, source, child)).toBe(false);
});

test('an index that is gone, or that names nothing, is passed over', async () => {
  noteServedIndex(context, source, madeDigest('gone'));
  noteServedIndex(context, source, parent);
  expect(await isOfServedIndex(context, source, child)).toBe(true);
});

test('the newest sixteen indexes of a repository are kept', async () => {
  noteServedIndex(context, source, parent);
  for (let at = 0; at < 15; at++) noteServedIndex(context, source, madeDigest(`index ${at}`));
  expect(await isOfServedIndex(context, source, child)).toBe(true);
  noteServedIndex(context, source, madeDigest('one more'));
  expect(await isOfServedIndex(context, source, child)).toBe(false);
  expect(context.memory.servedIndexes.get(source.key)?.size).toBe(16);
});
