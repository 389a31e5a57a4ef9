import { setTimeout as pause } from 'node:timers/promises';
import { expect, expectBytes, expectLength, redirectOf } from './mirror.mjs';

/** @typedef {import('./mirror.mjs').Mirror} Mirror */
/** @typedef {import('./mirror.mjs').Image} Image */

/**
 * @typedef {object} Choices
 * @property {boolean} streams blobs are passed through, not redirected
 * @property {string | undefined} bucket what the host of stored blobs begins with
 * @property {number} wait seconds for a fill
 */

/**
 * A check throws, or tells what it saw.
 *
 * @typedef {object} Check
 * @property {string} name
 * @property {(mirror: Mirror, image: Image, choices: Choices) => Promise<string>} run
 */

const absent = `sha256:${'0'.repeat(63)}1`;

/** What no test without an account can know: how the front in front of the mirror behaves. */
/** @type {readonly Check[]} */
export const checks = [
  {
    name: 'the front page is there, and asks nobody to log in',
    async run(mirror) {
      const { what, status, headers } = await mirror.ask('/v2/');
      expect(status === 200, `${what} answered ${status}`);
      const version = headers['docker-distribution-api-version'];
      expect(version === 'registry/2.0', `${what} lacks Docker-Distribution-Api-Version`);
      return `${status}`;
    },
  },
  {
    name: 'a manifest arrives byte for byte',
    async run(mirror) {
      const answer = await mirror.manifest(mirror.tag);
      const { what, headers, body } = answer;
      const digest = headers['docker-content-digest'];
      if (typeof digest !== 'string') throw new Error(`${what} lacks Docker-Content-Digest`);
      expectBytes(answer, digest);
      expectLength(answer, body.byteLength);
      const encoding = headers['content-encoding'];
      expect(encoding === undefined, `${what} was encoded with ${encoding}`);
      const type = headers['content-type'] ?? '';
      expect(/^application\/vnd\.[\w.+-]+$/.test(type), `${what} has content-type ${type}`);
      return `${body.byteLength} bytes, ${type}`;
    },
  },
  {
    name: 'HEAD of a tag has the length of GET',
    async run(mirror) {
      const got = await mirror.manifest(mirror.tag);
      const head = await mirror.manifest(mirror.tag, 'HEAD');
      expect(head.status === 200, `${head.what} answered ${head.status}`);
      expectLength(head, got.body.byteLength);
      for (const name of ['docker-content-digest', 'content-type', 'etag']) {
        expect(head.headers[name] === got.headers[name], `${head.what} has another ${name}`);
      }
      return `content-length ${got.body.byteLength}`;
    },
  },
  {
    name: 'HEAD of a digest has the length of GET, also with %3A in the path',
    async run(mirror, { manifest }) {
      for (const reference of [manifest.digest, manifest.digest.replace(':', '%3A')]) {
        const head = await mirror.manifest(reference, 'HEAD');
        expect(head.status === 200, `${head.what} answered ${head.status}`);
        expectLength(head, manifest.size);
        expectBytes(await mirror.manifest(reference), manifest.digest);
      }
      return `content-length ${manifest.size}`;
    },
  },
  {
    name: 'HEAD of a blob has its size, small and large',
    async run(mirror, { smallest, largest }) {
      for (const { digest, size } of [smallest, largest]) {
        const head = await mirror.followed(digest, { method: 'HEAD' });
        expect(head.status === 200, `${head.what} answered ${head.status}`);
        expectLength(head, size);
      }
      return `content-length ${smallest.size} and ${largest.size}`;
    },
  },
  {
    name: 'a blob comes with its bytes, and a range of it',
    async run(mirror, { smallest, largest }) {
      const whole = await mirror.followed(smallest.digest);
      expect(whole.status === 200, `${whole.what} answered ${whole.status}`);
      expectBytes(whole, smallest.digest);
      const part = await mirror.followed(largest.digest, { headers: { range: 'bytes=1-4' } });
      expect(part.status === 206, `${part.what} answered ${part.status} to a range`);
      const range = part.headers['content-range'];
      expect(range === `bytes 1-4/${largest.size}`, `${part.what} has content-range ${range}`);
      expect(part.body.byteLength === 4, `${part.what} gave ${part.body.byteLength} bytes of 4`);
      return `${smallest.size} bytes, and 4 of ${largest.size}`;
    },
  },
  {
    name: 'what is stored is redirected to the bucket',
    async run(mirror, { largest }, { streams, bucket, wait }) {
      if (streams) return 'not asked for: blobs are streamed';
      const until = Date.now() + wait * 1000;
      for (;;) {
        const answer = await mirror.blob(largest.digest);
        const target = redirectOf(answer);
        const host = target === undefined ? undefined : new URL(target, mirror.url).host;
        if (host !== undefined && isBucket(host, bucket)) {
          return `${answer.status}, Location of ${target?.length} letters`;
        }
        const found = host === undefined ? `answered ${answer.status}` : `redirects to ${host}`;
        expect(Date.now() < until, `${answer.what} still ${found} after ${wait} s`);
        await pause(Math.min(2000, wait * 100));
      }
    },
  },
  {
    name: 'what is absent is a 404 of ours',
    async run(mirror) {
      const { what, status, body } = await mirror.manifest(absent);
      expect(status === 404, `${what} answered ${status}`);
      const text = body.toString('utf8');
      expect(/"MANIFEST_UNKNOWN"/.test(text), `${what} has a body that is not ours`);
      return `${status}`;
    },
  },
  {
    name: 'a push is refused in the words of the specification',
    async run(mirror) {
      const path = `/v2/${mirror.repository}/blobs/uploads/`;
      const { what, status, headers } = await mirror.ask(path, { method: 'POST' });
      expect(status === 405, `${what} answered ${status}`);
      expect(headers.allow !== undefined, `${what} lacks Allow`);
      return `${status}, Allow: ${headers.allow}`;
    },
  },
  {
    name: 'a warm manifest begins within a second',
    async run(mirror) {
      const { what, milliseconds } = await mirror.manifest(mirror.tag);
      expect(milliseconds < 1000, `${what} took ${Math.round(milliseconds)} ms`);
      return `${Math.round(milliseconds)} ms`;
    },
  },
  {
    name: 'no header was renamed on the way, and nothing asked for a password',
    async run({ answers }) {
      for (const { what, status, headers } of answers) {
        const renamed = Object.keys(headers).find((name) => name.startsWith('x-amzn-remapped-'));
        expect(renamed === undefined, `${what} has ${renamed}`);
        expect(status !== 401, `${what} answered 401`);
      }
      return `${answers.length} answers`;
    },
  },
];

/** @param {string} host @param {string | undefined} bucket */
function isBucket(host, bucket) {
  if (bucket !== undefined) return host.startsWith(bucket);
  return /(?:^|\.)s3[.-][\w.-]*amazonaws\.com(?:\.cn)?$/.test(host);
}
