import { S3Error } from './s3-error.ts';

/** Every chunk but the last holds at least so many bytes. */
const leastChunk = 8192;

/** Longer lines are no chunk header and no trailer. */
const longestLine = 4096;

/**
 * Takes the framing off a body in `aws-chunked` without chunk signatures, and puts the trailers
 * into `trailers` (names in lower case) once all bytes were read ("Trailing checksums").
 */
export async function* unchunked(
  body: AsyncIterable<Buffer>,
  trailers: Map<string, string>,
): AsyncGenerator<Buffer> {
  const source = body[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);

  async function more(): Promise<void> {
    const next = await source.next();
    if (next.done === true) throw new S3Error('IncompleteBody', 'The body ends within a chunk');
    held = held.length === 0 ? next.value : Buffer.concat([held, next.value]);
  }

  async function line(): Promise<string> {
    for (;;) {
      const end = held.indexOf('\r\n');
      if (end >= 0) {
        const text = held.subarray(0, end).toString('latin1');
        held = held.subarray(end + 2);
        return text;
      }
      if (held.length > longestLine) throw new S3Error('InvalidRequest', 'No chunk header found');
      await more();
    }
  }

  let before = leastChunk;
  for (;;) {
    const header = await line();
    if (!/^[0-9a-fA-F]+$/.test(header)) throw new S3Error('InvalidRequest', 'Bad chunk header');
    let left = Number.parseInt(header, 16);
    if (left === 0) break;
    if (before < leastChunk) {
      throw new S3Error(
        'InvalidChunkSizeError',
        `Only the last chunk is allowed to have a size less than ${leastChunk} bytes`,
      );
    }
    before = left;
    while (left > 0) {
      if (held.length === 0) await more();
      const piece = held.subarray(0, left);
      held = held.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
    if ((await line()) !== '')
      throw new S3Error('InvalidRequest', 'A chunk is longer than it says');
  }
  for (let text = await line(); text !== ''; text = await line()) {
    const [name = '', ...value] = text.split(':');
    trailers.set(name.trim().toLowerCase(), value.join(':').trim());
  }
}
