import { expect, test } from 'vitest';
import {
  collectBody,
  resultBody,
  resultHeaders,
} from '../../../../functions/aws/lambda/url-response.ts';

const bytesOf = (...bytes: number[]) => new Uint8Array(bytes);

test.each([
  ['text', bytesOf(0x61, 0xc3, 0xa4), false],
  ['nothing', bytesOf(), false],
  ['a part of a mark', bytesOf(0xef, 0xbb, 0xbe), false],
  ['a mark', bytesOf(0xef, 0xbb, 0xbf, 0x61), true],
  ['bytes that are no text', bytesOf(0xff), true],
  ['the longest text', new Uint8Array(1_000_000).fill(0x61), false],
  ['longer text', new Uint8Array(1_000_001).fill(0x61), true],
])('%s is sent as text or as base64, with the same bytes', (_, bytes, isBase64Encoded) => {
  const result = resultBody(bytes);
  expect([result.isBase64Encoded, result.bytes]).toEqual([isBase64Encoded, bytes.byteLength]);
  const sent = Buffer.from(result.body, isBase64Encoded ? 'base64' : 'utf8');
  expect(sent.equals(bytes)).toBe(true);
});

test('a part of a buffer is sent alone', () => {
  expect(resultBody(bytesOf(0x61, 0x62, 0x63).subarray(1, 2)).body).toBe('b');
});

test('only known headers are sent', () => {
  const expected = { etag: '"x"', 'content-type': 'text/plain' };
  const all = { ...expected, 'content-length': '5', date: 'now', 'www-authenticate': 'Basic' };
  expect(resultHeaders(all)).toEqual(expected);
  expect(resultHeaders(new Headers(all))).toEqual(expected);
});

/** A stream of chunks of one byte, and how it ended. */
function streamOf(count: number) {
  let given = 0;
  let isCancelled = false;
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (given < count) controller.enqueue(bytesOf(given++));
        else controller.close();
      },
      cancel() {
        isCancelled = true;
        throw new Error('it cannot be cancelled');
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, isCancelled: () => isCancelled };
}

test.each([0, 3])('a body of %i bytes is collected if it may have three', async (count) => {
  const { stream, isCancelled } = streamOf(count);
  expect(await collectBody(stream, 3)).toEqual(bytesOf(...Array(count).keys()));
  expect(isCancelled()).toBe(false);
});

test('a longer body is cancelled', async () => {
  const { stream, isCancelled } = streamOf(4);
  expect(await collectBody(stream, 3)).toBeUndefined();
  expect(isCancelled()).toBe(true);
});
