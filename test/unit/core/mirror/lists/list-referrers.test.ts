import { afterEach, expect, test } from 'vitest';
import { referrersTag } from '../../../../../functions/core/oci/referrers-index.ts';
import { madeDigest } from '../../../../contract/made-content.ts';
import { jsonContent } from '../../../../standins/images/content.ts';
import { type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';

const ociIndex = 'application/vnd.oci.image.index.v1+json';
const subject = madeDigest('an image');
const repository = { registry: 'docker.io', name: 'library/app' };

let mirror: MirrorUnderTest | undefined;
afterEach(() => mirror?.close());

test('a tag for referrers whose index has no list of them means that there are none', async () => {
  mirror = await openMirror();
  mirror.upstream.referrers = { kind: 'unsupported' };
  const index = jsonContent({ schemaVersion: 2, mediaType: ociIndex, manifests: 'none' }, ociIndex);
  mirror.upstream.add('library/app', { manifest: index }, referrersTag(subject));
  const outcome = await mirror.mirror.repository(repository).listReferrers(subject);
  expect(outcome).toMatchObject({ kind: 'found', manifests: [] });
});
