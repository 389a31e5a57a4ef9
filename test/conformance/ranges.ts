import { alpine } from './content.ts';
import { errorOf, type Section } from './exchange.ts';

const blob = alpine.amd64.layers[0] ?? alpine.amd64.config;
const { size, digest, bytes } = blob;
const request = `GET /v2/library/alpine/blobs/${digest}`;

function part(name: string, range: string, start: number, end: number) {
  return {
    name,
    request,
    headers: { range },
    status: 206,
    answer: {
      'content-range': `bytes ${start}-${end}/${size}`,
      'content-length': String(end - start + 1),
      'docker-content-digest': digest,
      etag: `"${digest}"`,
    },
    body: bytes.subarray(start, end + 1),
  };
}

const whole = { status: 200, answer: { 'content-range': undefined }, body: bytes };

/** distribution-spec §Pulling blobs and RFC 9110 §14. */
export const ranges: Section = {
  title: 'ranges',
  exchanges: [
    {
      name: 'the manifest that names the blob',
      request: `GET /v2/library/alpine/manifests/${alpine.amd64.manifest.digest}`,
      status: 200,
    },
    part('the first bytes', 'bytes=0-9', 0, 9),
    part('one byte', 'bytes=5-5', 5, 5),
    part('a resumed download', 'bytes=20-', 20, size - 1),
    part('the last bytes', 'bytes=-7', size - 7, size - 1),
    part('an end past the end', `bytes=10-${size + 100}`, 10, size - 1),
    part('a suffix longer than the blob', `bytes=-${size + 1}`, 0, size - 1),
    {
      name: 'If-Range with the tag',
      request,
      headers: { range: 'bytes=0-3', 'if-range': `"${digest}"` },
      status: 206,
      body: bytes.subarray(0, 4),
    },
    {
      name: 'If-Range with another tag',
      request,
      headers: { range: 'bytes=0-3', 'if-range': '"other"' },
      ...whole,
    },
    {
      name: 'If-Range with a weak tag',
      request,
      headers: { range: 'bytes=0-3', 'if-range': `W/"${digest}"` },
      ...whole,
    },
    { name: 'another unit', request, headers: { range: 'lines=0-3' }, ...whole },
    { name: 'a range backwards', request, headers: { range: 'bytes=9-3' }, ...whole },
    { name: 'no range', request, headers: { range: 'bytes=a-b' }, ...whole },
    {
      name: 'HEAD has no ranges',
      request: request.replace('GET', 'HEAD'),
      headers: { range: 'bytes=0-3' },
      status: 200,
      answer: { 'content-length': String(size), 'content-range': undefined },
    },
    {
      name: 'HEAD has not several either',
      request: request.replace('GET', 'HEAD'),
      headers: { range: 'bytes=0-3,8-11' },
      status: 200,
      answer: { 'content-length': String(size) },
    },
    {
      name: 'past the end',
      request,
      headers: { range: `bytes=${size}-` },
      status: 416,
      answer: { 'content-range': `bytes */${size}` },
      body: errorOf('RANGE_INVALID'),
    },
    {
      name: 'a suffix of nothing',
      request,
      headers: { range: 'bytes=-0' },
      status: 416,
      answer: { 'content-range': `bytes */${size}` },
    },
  ],
};

const boundary = digest.slice('sha256:'.length);

function multipart(...parts: readonly (readonly [number, number])[]): string {
  const texts = parts.map(
    ([start, end]) =>
      `--${boundary}\r\nContent-Type: application/octet-stream\r\n` +
      `Content-Range: bytes ${start}-${end}/${size}\r\n\r\n${latin1(start, end)}\r\n`,
  );
  return `${texts.join('')}--${boundary}--\r\n`;
}

function latin1(start: number, end: number): string {
  return Buffer.from(bytes.subarray(start, end + 1)).toString('latin1');
}

function several(name: string, range: string, ...parts: readonly (readonly [number, number])[]) {
  const body = Buffer.from(multipart(...parts), 'latin1');
  return {
    name,
    request,
    headers: { range },
    status: 206,
    answer: {
      'content-type': `multipart/byteranges; boundary=${boundary}`,
      'content-range': undefined,
      'content-length': String(body.byteLength),
      'docker-content-digest': digest,
      etag: `"${digest}"`,
    },
    body,
  };
}

const refused = { request, status: 400, body: errorOf('RANGE_INVALID') };

/** Several ranges of a stored blob, where its bytes come through the mirror (RFC 9110 §14.6). */
export const severalRanges: Section = {
  title: 'several ranges',
  situation: 'stale',
  exchanges: [
    several('two ranges', 'bytes=0-3,8-11', [0, 3], [8, 11]),
    several('ranges that touch', 'bytes=0-3,4-11', [0, 3], [4, 11]),
    several('in the order of the request', 'bytes=8-11, 0-3', [8, 11], [0, 3]),
    several('a suffix', 'bytes=0-0,-7', [0, 0], [size - 7, size - 1]),
    several('an open end', `bytes=0-0,${size - 3}-`, [0, 0], [size - 3, size - 1]),
    several('one of them outside', `bytes=0-3,8-11,${size}-`, [0, 3], [8, 11]),
    several('that overlap once', 'bytes=0-7,4-11', [0, 7], [4, 11]),
    part('only one of them inside', `bytes=${size}-,5-9`, 5, 9),
    {
      name: 'all of them outside',
      request,
      headers: { range: `bytes=${size}-,${size + 5}-` },
      status: 416,
      answer: { 'content-range': `bytes */${size}` },
    },
    { name: 'one of them invalid', request, headers: { range: 'bytes=0-3,9-8' }, ...whole },
    {
      name: 'If-Range with another tag',
      request,
      headers: { range: 'bytes=0-3,8-11', 'if-range': '"other"' },
      ...whole,
    },
    { name: 'that overlap', headers: { range: 'bytes=0-5,1-5,2-5,3-5' }, ...refused },
    { name: 'of more than the blob', headers: { range: 'bytes=0-,0-' }, ...refused },
    { name: '513 of them', headers: { range: `bytes=${'0-0,'.repeat(513)}` }, ...refused },
  ],
};

/** A bucket that clients are redirected to ignores several ranges, and would send the whole blob. */
export const severalRangesRefused: Section = {
  title: 'several ranges',
  situation: 'stale',
  exchanges: [{ name: 'two ranges', headers: { range: 'bytes=0-3,8-11' }, ...refused }],
};
