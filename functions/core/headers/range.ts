/** Bytes `start` to `end`, both inclusive, as in Content-Range. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** One range of a Range header, of a representation whose length may be unknown. */
export type RangeSpec =
  | { readonly kind: 'from'; readonly start: number; readonly end: number | undefined }
  | { readonly kind: 'suffix'; readonly length: number };

/** What a Range header requests (RFC 9110 §14.1.2). */
export type RangeRequest =
  /** No header, or one that must be ignored, such as one in another unit. */
  | { readonly kind: 'whole' }
  | RangeSpec
  | { readonly kind: 'several'; readonly ranges: readonly RangeSpec[] }
  /** More ranges than this mirror serves at a time. */
  | { readonly kind: 'too-many' };

/** podman asks for up to 1,024 ranges, and for half as many after a 400. */
export const mostRanges = 512;

const rangeSpec = /^(\d{0,16})-(\d{0,16})$/;

/** Parses a Range header without knowing the length of the representation. */
export function parseRange(header: string | undefined): RangeRequest {
  const whole = { kind: 'whole' } as const;
  if (header === undefined || !/^bytes=/i.test(header)) return whole;
  const ranges: RangeSpec[] = [];
  for (const text of header.slice('bytes='.length).split(',')) {
    const element = text.trim();
    // RFC 9110 §5.6.1.2: empty elements of a list mean nothing.
    if (element === '') continue;
    const range = parseSpec(element);
    if (range === undefined) return whole;
    if (ranges.length === mostRanges) return { kind: 'too-many' };
    ranges.push(range);
  }
  const [first = whole] = ranges;
  return ranges.length > 1 ? { kind: 'several', ranges } : first;
}

function parseSpec(text: string): RangeSpec | undefined {
  const [, first = '', last = ''] = rangeSpec.exec(text) ?? [];
  if (first === '' && last === '') return undefined;
  if (first === '') return { kind: 'suffix', length: Number(last) };
  const start = Number(first);
  const end = last === '' ? undefined : Number(last);
  return end !== undefined && end < start ? undefined : { kind: 'from', start, end };
}

/** Applies a range request to `size` bytes; undefined when it cannot be satisfied (416). */
export function satisfyRange(request: RangeSpec, size: number): ByteRange | undefined {
  if (request.kind === 'suffix') {
    if (request.length === 0 || size === 0) return undefined;
    return { start: Math.max(0, size - request.length), end: size - 1 };
  }
  if (request.start >= size) return undefined;
  return { start: request.start, end: Math.min(request.end ?? size - 1, size - 1) };
}

/**
 * True if ranges overlap in more than two places, or are more bytes together than the representation:
 * a broken client or an attack (RFC 9110 §14.2).
 */
export function isExcessive(ranges: readonly ByteRange[], size: number): boolean {
  const ordered = [...ranges].sort((a, b) => a.start - b.start);
  let bytes = 0;
  let overlaps = 0;
  let reached = -1;
  for (const { start, end } of ordered) {
    bytes += end - start + 1;
    if (start <= reached) overlaps += 1;
    reached = Math.max(reached, end);
  }
  return overlaps > mostOverlaps || bytes > size;
}

const mostOverlaps = 2;

/** A Content-Range value, `bytes 0-99/1000` (RFC 9110 §14.4). */
export function contentRange(range: ByteRange, size: number): string {
  return `bytes ${range.start}-${range.end}/${size}`;
}

/** Parses `bytes 5-9/10` or `bytes 5-9/*`; undefined for anything else. */
export function parseContentRange(
  header: string | undefined,
): (ByteRange & { readonly size: number | undefined }) | undefined {
  const match = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16}|\*)$/i.exec(header?.trim() ?? '');
  if (match === null) return undefined;
  const [, start, end, size] = match;
  const range = { start: Number(start), end: Number(end) };
  if (range.end < range.start) return undefined;
  return { ...range, size: size === '*' ? undefined : Number(size) };
}
