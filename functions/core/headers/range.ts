/** Bytes `start` to `end`, both inclusive, as in Content-Range. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** What a Range header requests (RFC 9110 §14.1.2). */
export type RangeRequest =
  /** No header, or one that must be ignored, such as one in another unit. */
  | { readonly kind: 'whole' }
  | { readonly kind: 'from'; readonly start: number; readonly end: number | undefined }
  | { readonly kind: 'suffix'; readonly length: number }
  | { readonly kind: 'several' };

const rangeSpec = /^(\d{0,16})-(\d{0,16})$/;

/** Parses a Range header without knowing the length of the representation. */
export function parseRange(header: string | undefined): RangeRequest {
  const whole = { kind: 'whole' } as const;
  if (header === undefined || !/^bytes=/i.test(header)) return whole;
  const specs = header.slice('bytes='.length).split(',');
  if (specs.length > 1) return { kind: 'several' };
  const [, first = '', last = ''] = rangeSpec.exec((specs[0] ?? '').trim()) ?? [];
  if (first === '' && last === '') return whole;
  if (first === '') return { kind: 'suffix', length: Number(last) };
  const start = Number(first);
  const end = last === '' ? undefined : Number(last);
  return end !== undefined && end < start ? whole : { kind: 'from', start, end };
}

/** Applies a range request to `size` bytes; undefined when it cannot be satisfied (416). */
export function satisfyRange(
  request: Extract<RangeRequest, { kind: 'from' | 'suffix' }>,
  size: number,
): ByteRange | undefined {
  if (request.kind === 'suffix') {
    if (request.length === 0 || size === 0) return undefined;
    return { start: Math.max(0, size - request.length), end: size - 1 };
  }
  if (request.start >= size) return undefined;
  return { start: request.start, end: Math.min(request.end ?? size - 1, size - 1) };
}

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
