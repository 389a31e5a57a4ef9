import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Program } from '../forms/program.ts';
import { makeImage } from '../standins/images/image.ts';
import { randomLayer } from '../standins/images/layer.ts';
import { startUpstream, type Upstream } from '../standins/registry/upstream.ts';
import { bucket, type Fault, type Front, startFront } from './front.ts';
import { type Verdict, verify } from './verify.ts';

let folder: string;
let upstream: Upstream;
let mirror: Program;
let front: Front;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullfront-verify-'));
  upstream = await startUpstream({ auth: 'anonymous' });
  upstream.add('library/app', makeImage({ layers: [randomLayer('verify', 300_000)] }), '1');
  const listen = ['serve', '--listen', '127.0.0.1:0', '--data', join(folder, 'data')];
  mirror = new Program([...listen, '--upstream', `docker.io=${upstream.url}`]);
  front = await startFront(await mirror.url());
});

afterEach(() => {
  front.fault = () => undefined;
});

afterAll(async () => {
  await front.close();
  mirror.child.kill('SIGTERM');
  await mirror.end();
  await upstream.close();
  await rm(folder, { recursive: true, force: true });
});

const throughFront = (...more: string[]): Promise<Verdict> =>
  verify(front.url, '--wait', '0', ...more);

test('a mirror behind a right front passes everything', async () => {
  const { code, lines, failed } = await throughFront('--bucket', bucket, '--blobs', 'redirect');
  expect(failed).toEqual([]);
  expect(lines.filter((line) => line.startsWith('pass'))).toHaveLength(11);
  expect(lines.at(-1)).toBe('All passed.');
  expect(code).toBe(0);
});

test('a mirror that streams what it has stored passes as well', async () => {
  for (const more of [[], ['--blobs', 'stream']]) {
    expect((await verify(await mirror.url(), ...more)).failed).toEqual([]);
  }
});

test.each([
  ['another bucket', ['--bucket', 'blobs-of-a-tes']],
  ['a stream', ['--blobs', 'stream']],
])('%s than the one that was meant is noticed', async (_, more) => {
  const { code, failed } = await throughFront(...more);
  expect(failed).toHaveLength(1);
  expect(failed[0]).toMatch(/^FAIL {2}a blob is stored, and comes from the store: /);
  expect(code).toBe(1);
});

/** What a front was seen to do, or might; and the check that must notice it. */
const faults: readonly (readonly [string, string, Fault])[] = [
  [
    'HEAD loses its length',
    'HEAD of a tag has the length of GET',
    (answer) => {
      if (answer.method === 'HEAD') answer.headers['content-length'] = '0';
    },
  ],
  [
    'HEAD of blobs loses its length',
    'HEAD of a blob has its size',
    (answer) => {
      if (answer.method === 'HEAD' && answer.path.includes('/blobs/')) {
        delete answer.headers['content-length'];
      }
    },
  ],
  [
    'bodies are compressed',
    'a manifest arrives byte for byte',
    (answer) => {
      if (answer.method === 'HEAD' || !answer.path.includes('/manifests/')) return;
      answer.body = gzipSync(answer.body);
      answer.headers['content-encoding'] = 'gzip';
      answer.headers['content-length'] = String(answer.body.byteLength);
    },
  ],
  [
    'bytes are added',
    'a manifest arrives byte for byte',
    (answer) => {
      if (!answer.path.endsWith('/manifests/1') || answer.method === 'HEAD') return;
      // JSON with white space after it is still JSON, and no longer what was signed.
      answer.body = Buffer.concat([answer.body, Buffer.from(' ')]);
      answer.headers['content-length'] = String(answer.body.byteLength);
    },
  ],
  [
    'content types get a parameter',
    'a manifest arrives byte for byte',
    (answer) => {
      answer.headers['content-type'] += '; charset=utf-8';
    },
  ],
  [
    'paths are decoded twice',
    'HEAD of a digest has the length of GET, also with %3A in the path',
    (answer) => {
      if (answer.path.includes('%3A')) answer.status = 404;
    },
  ],
  [
    'the version header is missing',
    'the front page is there',
    (answer) => {
      delete answer.headers['docker-distribution-api-version'];
    },
  ],
  [
    'headers are renamed',
    'no header was renamed',
    (answer) => {
      answer.headers['x-amzn-remapped-content-length'] = '1';
    },
  ],
  [
    'a login is asked for',
    'nothing asked for a password',
    (answer) => {
      if (answer.path.includes('/uploads/')) answer.status = 401;
    },
  ],
  [
    'nothing is ever stored',
    'a blob is stored, and comes from the store: not after 0 s',
    (answer) => {
      if (answer.status === 307) answer.headers['cache-status'] = 'Pullfront; fwd=miss';
    },
  ],
  [
    // Docker Hub's own redirects lead to a bucket of R2 as well.
    'what is said to be stored comes from the registry',
    "which is not the mirror's bucket",
    (answer) => {
      const { location } = answer.headers;
      if (location === undefined) return;
      answer.headers.location = location.replace(
        /\/blobs-of-a-test(\S+)\?/,
        '/registry-v2$1/data?',
      );
    },
  ],
  [
    'wrong bytes come from the bucket',
    'a blob comes with its bytes',
    (answer) => {
      if (answer.path.startsWith(`/${bucket}`)) answer.body.fill(0, 0, 1);
    },
  ],
  [
    'ranges are ignored',
    'a range of it',
    (answer) => {
      if (answer.status === 206) answer.status = 200;
    },
  ],
  [
    'the front has its own page for 404',
    'what is absent is a 404 of ours',
    (answer) => {
      if (answer.status === 404) answer.body = Buffer.from('{"Message":null}');
      if (answer.status === 404) answer.headers['content-length'] = '16';
    },
  ],
  [
    'the front answers methods itself',
    'a push is refused in the words of the specification',
    (answer) => {
      if (answer.method === 'POST') answer.status = 403;
    },
  ],
];

test.each(faults)('it notices that %s', async (_, check, fault) => {
  front.fault = fault;
  const { code, lines } = await throughFront();
  expect(code).toBe(1);
  expect(lines.some((line) => line.startsWith('FAIL') && line.includes(check))).toBe(true);
  // The one thing that must not be shown.
  expect(lines.join('\n')).not.toContain('X-Amz-Signature');
});

test('a mirror that is not there is said in one line', async () => {
  const { code, lines } = await verify('http://127.0.0.1:1');
  expect(code).toBe(1);
  expect(lines[0]).toMatch(/^FAIL {2}the image can be pulled: GET .*ECONNREFUSED/);
});

test('misuse is 2', async () => {
  expect((await verify('http://127.0.0.1:1', '--image', 'nothing')).code).toBe(2);
  expect((await verify('nonsense')).code).toBe(2);
  expect((await verify('http://127.0.0.1:1', '--blobs', 'both')).code).toBe(2);
});
