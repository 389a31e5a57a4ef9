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
    {
      name: 'several ranges',
      request,
      headers: { range: 'bytes=0-3,8-11' },
      status: 400,
      body: errorOf('RANGE_INVALID'),
    },
  ],
};
