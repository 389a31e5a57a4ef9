import { expect, test } from 'vitest';
import type { BlobPart } from '../../../../functions/core/mirror/mirror.ts';
import { multipartRanges } from '../../../../functions/core/registry/multipart-ranges.ts';
import { madeDigest } from '../../../contract/made-content.ts';

const text = 'abcdefghij';
const digest = madeDigest(text);
const boundary = digest.slice('sha256:'.length);

/** Parts of the text that note what is done with them. */
function scene(ranges: readonly (readonly [number, number])[], asStream = true) {
  const seen: string[] = [];
  const parts = ranges.map(
    ([start, end]): BlobPart => ({
      start,
      end,
      open: async () => {
        seen.push(`open ${start}`);
        const bytes = new TextEncoder().encode(text.slice(start, end + 1));
        if (!asStream) return new Uint8Array(bytes);
        return new ReadableStream({
          start(controller) {
            for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
            controller.close();
          },
          cancel: (reason) => void seen.push(`cancel ${start} ${reason}`),
        });
      },
    }),
  );
  return { seen, ...multipartRanges(digest, text.length, parts) };
}

const partOf = (start: number, end: number) =>
  `--${boundary}\r\nContent-Type: application/octet-stream\r\n` +
  `Content-Range: bytes ${start}-${end}/10\r\n\r\n${text.slice(start, end + 1)}\r\n`;

test.each([[true], [false]])('the parts, one after another (as streams: %s)', async (asStream) => {
  const ranges = [
    [2, 3],
    [9, 9],
    [0, 0],
  ] as const;
  const { body, contentType, contentLength, seen } = scene(ranges, asStream);
  expect(contentType).toBe(`multipart/byteranges; boundary=${boundary}`);
  const received = await new Response(body).text();
  expect(received).toBe(`${partOf(2, 3)}${partOf(9, 9)}${partOf(0, 0)}--${boundary}--\r\n`);
  expect(contentLength).toBe(received.length);
  expect(seen).toEqual(['open 2', 'open 9', 'open 0']);
});

test('a boundary has at most 70 characters', () => {
  const long = madeDigest(text, 'sha512');
  const { contentType } = multipartRanges(long, 10, []);
  expect(contentType).toBe(`multipart/byteranges; boundary=${long.slice(7, 77)}`);
});

test('a part is opened when its turn comes, and the open one is cancelled', async () => {
  const { body, seen } = scene([
    [2, 3],
    [9, 9],
  ]);
  const reader = body.getReader();
  expect(seen).toEqual([]);
  await reader.read();
  await reader.read();
  expect(seen).toEqual(['open 2']);
  await reader.cancel('enough');
  expect(seen).toEqual(['open 2', 'cancel 2 enough']);
});

test('an open part with bytes left is cancelled', async () => {
  const cancelled: unknown[] = [];
  const open = async () =>
    new ReadableStream({
      pull: (controller) => controller.enqueue(Uint8Array.of(1)),
      cancel: (reason) => void cancelled.push(reason),
    });
  const parts = [
    { start: 0, end: 5, open },
    { start: 7, end: 8, open },
  ];
  const reader = multipartRanges(digest, 10, parts).body.getReader();
  await reader.read();
  await reader.cancel('enough');
  expect(cancelled).toEqual(['enough']);
  await multipartRanges(digest, 10, parts).body.cancel('unread');
  expect(cancelled).toEqual(['enough', 'unread']);
});

test('between two parts nothing is open', async () => {
  const { body, seen } = scene([[2, 3]]);
  const reader = body.getReader();
  for (let reads = 0; reads < 4; reads++) await reader.read();
  await reader.cancel();
  expect(seen).toEqual(['open 2']);
});
