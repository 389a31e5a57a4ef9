import { expect, test } from 'vitest';
import { BlobRefused } from '../../../../../functions/core/mirror/blob-fill.ts';
import type { FillContext } from '../../../../../functions/core/mirror/context.ts';
import { holdUnfilled } from '../../../../../functions/core/mirror/manifests/holds.ts';
import { createMemory } from '../../../../../functions/core/mirror/memory.ts';
import { UpstreamError } from '../../../../../functions/core/ports/upstream-error.ts';
import type { Source } from '../../../../../functions/core/sources/source.ts';
import { madeDigest } from '../../../../contract/made-content.ts';

const digest = madeDigest('a blob');
const answeredBy = (role: 'registry' | 'blob-host') =>
  new UpstreamError('unavailable', 'status 503', { answerer: { role, host: 'a.test' } });

test.each([
  ['the registry failed', answeredBy('registry'), 'stream', true],
  ['the registry refused it', new BlobRefused({ kind: 'absent' }), 'stream', true],
  ['the blob host failed', answeredBy('blob-host'), 'stream', true],
  ['the blob host failed, which clients may reach', answeredBy('blob-host'), 'redirect', false],
  ['the registry failed, of which clients get redirects', answeredBy('registry'), 'redirect', true],
  ['this mirror has no space', new Error('no space'), 'stream', false],
] as const)('a blob whose fill failed because %s: held', (_, error, delivery, isHeld) => {
  const memory = createMemory(1000, () => 1000);
  const context = {
    memory,
    runtime: { now: () => 1000, waitUntil: () => undefined },
    manifests: { putHold: async () => undefined },
  };
  const source = { key: 'docker.io/library/app', policy: { delivery }, repository: {} };
  holdUnfilled(context as unknown as FillContext, source as unknown as Source, digest, error);
  expect(memory.holds.get(source.key)?.has(digest) === true).toBe(isHeld);
});
