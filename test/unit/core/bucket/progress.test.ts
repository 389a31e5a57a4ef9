import { expect, test } from 'vitest';
import {
  type PutProgress,
  readProgress,
  writeProgress,
} from '../../../../functions/core/bucket/progress.ts';

const hash = 'a'.repeat(80);

test.each<PutProgress>([
  { stalls: 2, upload: undefined },
  { stalls: 0, upload: { id: 'up', parts: 3, etags: undefined, hash } },
  { stalls: 1, upload: { id: 'up', parts: 2, etags: ['"a"', '"b"'], hash } },
  { stalls: 1, upload: { id: 'up', parts: 0, etags: [], hash } },
])('progress that is written is read: %j', (progress) => {
  expect(readProgress(writeProgress(progress))).toEqual(progress);
});

// Jobs that were queued before an update.
test.each([
  ['{"version":1,"barren":2}', { stalls: 2, upload: undefined }],
  [
    `{"version":1,"barren":0,"upload":"up","parts":3,"sha256":"${hash}"}`,
    { stalls: 0, upload: { id: 'up', parts: 3, etags: undefined, hash } },
  ],
  ['{"kind":"barren"}', { stalls: 1, upload: undefined }],
  ['{"kind":"barren","barren":2}', { stalls: 2, upload: undefined }],
  [
    `{"kind":"upload","barren":1,"uploadId":"up","hash":"${hash}","etags":"a b"}`,
    { stalls: 1, upload: { id: 'up', parts: 2, etags: ['a', 'b'], hash } },
  ],
])('a former form is read: %s', (text, progress) => {
  expect(readProgress(text)).toEqual(progress);
});

test.each([
  undefined,
  '',
  'text',
  '[]',
  '{"version":2,"barren":0}',
  '{"version":1}',
  '{"kind":"upload"}',
  '{"kind":"other","barren":1}',
])('no progress: %s', (text) => {
  expect(readProgress(text)).toBeUndefined();
});
