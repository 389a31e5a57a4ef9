import { expect, test } from 'vitest';
import { entityTag } from '../../../../functions/core/headers/conditional.ts';
import { answerBlob, blobAnswer } from '../../../../functions/core/registry/blobs.ts';
import { madeDigest } from '../../../contract/made-content.ts';

const digest = madeDigest('blob');
const provenance = { kind: 'miss' };
const stream = { kind: 'stream', size: 10, range: undefined, body: new Uint8Array(10), provenance };

/** Asks for a blob that the mirror locates like this. */
function scene(outcome: object = stream, ranges: object = { kind: 'refused' }) {
  const asked: unknown[][] = [];
  const mirrored = {
    upstreamCalls: 0,
    async locateBlob(...given: unknown[]) {
      asked.push(given);
      return outcome;
    },
    async locateRanges(...given: unknown[]) {
      asked.push(given);
      return ranges;
    },
  };
  const request = (method: string, headers: Readonly<Record<string, string>>) => ({
    raw: { header: (name: string) => headers[name] },
    method,
    ns: undefined,
    form: 'root',
    registryForm: 'none',
    repository: { registry: 'docker.io', name: 'library/app' },
    mirrored,
  });
  const ask = (headers = {}, method = 'GET', text: string = digest) =>
    answerBlob(request(method, headers) as never, text, 5000);
  return { asked, ask, request: request('GET', {}) as never };
}

const part = { kind: 'from', start: 2, end: 4 };

test.each([
  ['GET', {}, { kind: 'whole' }],
  ['GET', { range: 'bytes=2-4' }, part],
  ['HEAD', { range: 'bytes=2-4' }, { kind: 'whole' }],
  ['GET', { range: 'bytes=2-4', 'if-range': entityTag(digest) }, part],
  ['GET', { range: 'bytes=2-4', 'if-range': '"other"' }, { kind: 'whole' }],
  ['GET', { range: 'lines=2-4' }, { kind: 'whole' }],
])('%s with %j asks for %j', async (method, headers, range) => {
  const { asked, ask } = scene();
  await ask(headers, method);
  expect(asked).toEqual([[digest, method, range, 5000]]);
});

test('several ranges are asked for together, and a client is told to ask for fewer', async () => {
  const { asked, ask } = scene();
  const answer = await ask({ range: 'bytes=0-1,3-4' });
  expect(asked).toEqual([
    [
      digest,
      [
        { kind: 'from', start: 0, end: 1 },
        { kind: 'from', start: 3, end: 4 },
      ],
      5000,
    ],
  ]);
  expect(answer).toMatchObject({ status: 400, note: { kind: 'blob', reference: digest } });
});

test('too many ranges ask nothing', async () => {
  const { asked, ask } = scene();
  const range = `bytes=${Array.from({ length: 513 }, (_, at) => `${at * 2}-${at * 2}`).join()}`;
  expect((await ask({ range })).status).toBe(400);
  expect(asked).toEqual([]);
});

test('parts are one body', async () => {
  const open = async () => new Uint8Array(2);
  const parts = [
    { start: 0, end: 1, open },
    { start: 3, end: 4, open },
  ];
  const { ask } = scene(stream, { kind: 'parts', size: 10, parts, provenance });
  const { status, headers, body } = await ask({ range: 'bytes=0-1,3-4' });
  expect(status).toBe(206);
  expect(headers['content-type']).toMatch(/^multipart\/byteranges; boundary=/);
  const bytes = await new Response(body as ReadableStream).arrayBuffer();
  expect(headers['content-length']).toBe(String(bytes.byteLength));
});

test('several ranges of a blob that is not stored are answered as one blob', async () => {
  const { ask } = scene(stream, { kind: 'absent' });
  expect((await ask({ range: 'bytes=0-1,3-4' })).status).toBe(404);
});

test('a client that has the blob gets no body, if the blob exists', async () => {
  const headers = { 'if-none-match': entityTag(digest) };
  const known = scene({ kind: 'known', size: 10, provenance });
  const answer = await known.ask(headers);
  expect(known.asked).toEqual([[digest, 'HEAD', { kind: 'whole' }]]);
  expect(answer).toMatchObject({ status: 304, body: undefined });
  expect(answer.headers).not.toHaveProperty('content-length');
  expect((await scene({ kind: 'absent' }).ask(headers)).status).toBe(404);
});

test('a malformed digest is a bad request', async () => {
  const { asked, ask } = scene();
  expect(await ask({}, 'GET', 'sha256:short')).toMatchObject({
    status: 400,
    note: { kind: 'blob' },
  });
  expect(asked).toEqual([]);
});

const answered = (outcome: object, status: 200 | 304 = 200) =>
  blobAnswer(scene().request, digest, outcome as never, status);

test('a known blob has its size', () => {
  const { status, headers } = answered({ kind: 'known', size: 10, provenance });
  expect(status).toBe(200);
  expect(headers).toMatchObject({ 'content-length': '10', 'accept-ranges': 'bytes' });
});

test.each([
  [10, undefined, 200, '10', undefined],
  [undefined, undefined, 200, undefined, undefined],
  [undefined, { start: 2, end: 4 }, 200, undefined, undefined],
  [10, { start: 2, end: 4 }, 206, '3', 'bytes 2-4/10'],
])('a stream of %s bytes with the range %j', (size, range, status, length, contentRange) => {
  const answer = answered({ ...stream, size, range });
  expect(answer.status).toBe(status);
  expect(answer.headers['content-length']).toBe(length);
  expect(answer.headers['content-range']).toBe(contentRange);
});

test.each([[7], [undefined]])('a redirect is for one client, of %s bytes', (stored) => {
  const { status, headers, note } = answered({
    kind: 'redirect',
    url: 'https://b/x',
    stored,
    provenance,
  });
  expect(status).toBe(307);
  expect(headers).toMatchObject({
    location: 'https://b/x',
    'cache-control': 'private, no-store',
    'content-length': '0',
    'docker-content-digest': digest,
  });
  expect(note.redirected).toBe(stored);
});

test('a range outside the blob says its size', () => {
  const { status, headers } = answered({ kind: 'unsatisfiable', size: 10 });
  expect(status).toBe(416);
  expect(headers['content-range']).toBe('bytes */10');
});
