import { expect, test } from 'vitest';
import { mediaType } from '../../../../functions/core/oci/media-type.ts';
import { answerReferrers } from '../../../../functions/core/registry/referrers.ts';
import { madeDigest } from '../../../contract/made-content.ts';

const subject = madeDigest('subject');
const descriptor = (artifactType?: string) => ({
  mediaType: mediaType.ociManifest,
  digest: madeDigest(artifactType ?? 'none'),
  size: 1,
  ...(artifactType !== undefined && { artifactType }),
});
const all = [descriptor('a/b'), descriptor('c/d'), descriptor()];

function answer(
  query: string,
  outcome: object = { kind: 'found', manifests: all, provenance: { kind: 'miss' } },
) {
  const request = {
    query,
    ns: undefined,
    form: 'root',
    registryForm: 'none',
    repository: { registry: 'docker.io', name: 'library/app' },
    mirrored: { upstreamCalls: 0, listReferrers: async () => outcome },
  };
  return answerReferrers(request as never, subject);
}

const listed = async (query: string) => {
  const { body, headers } = await answer(query);
  const { manifests } = JSON.parse(new TextDecoder().decode(body as Uint8Array));
  const types = manifests.map((one: { artifactType?: string }) => one.artifactType);
  return { types, filtered: headers['oci-filters-applied'] };
};

test.each([
  ['', ['a/b', 'c/d', undefined], undefined],
  ['artifactType=a/b', ['a/b'], 'artifactType'],
  ['artifactType=a/b&artifactType=c/d', ['a/b', 'c/d'], 'artifactType'],
  ['artifactType=x/y', [], 'artifactType'],
  ['artifactType=', ['a/b', 'c/d', undefined], undefined],
])('the query "%s"', async (query, types, filtered) => {
  expect(await listed(query)).toEqual({ types, filtered });
});

test('annotations of the list are kept', async () => {
  const outcome = {
    kind: 'found',
    manifests: [],
    annotations: { a: 'b' },
    provenance: { kind: 'miss' },
  };
  const { status, body, headers } = await answer('', outcome);
  expect(status).toBe(200);
  expect(headers['content-type']).toBe(mediaType.ociIndex);
  expect(JSON.parse(new TextDecoder().decode(body as Uint8Array))).toMatchObject({
    annotations: { a: 'b' },
    manifests: [],
  });
});

test('an upstream that was not asked is no empty list', async () => {
  expect((await answer('', { kind: 'denied' })).status).toBe(404);
});
