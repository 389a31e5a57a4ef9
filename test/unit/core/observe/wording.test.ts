import { expect, it } from 'vitest';
import { keptText, staleText } from '../../../../functions/core/observe/wording.ts';

it('says why content is stale', () => {
  expect(staleText('docker.io', 60, 'it answered 429')).toBe(
    'stale: last confirmed by docker.io 60 s ago (it answered 429)',
  );
});

it('says since when content is gone', () => {
  expect(keptText('docker.io', Date.UTC(2026, 0, 31))).toBe(
    'gone upstream: docker.io has refused this since 2026-01-31T00:00:00.000Z',
  );
});
