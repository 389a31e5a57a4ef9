import { setTimeout as pause } from 'node:timers/promises';
import {
  type Descriptor,
  expect,
  expectBytes,
  expectLength,
  type Image,
  type Mirror,
  redirectOf,
} from './mirror.ts';

interface Choices {
  /** `redirect` or `stream`: how stored blobs must come; any when undefined. */
  readonly form: string | undefined;
  /** The bucket that redirects must lead to. */
  readonly bucket: string | undefined;
  /** Seconds for a fill. */
  readonly wait: number;
}

/** Throws, or tells what it saw. */
interface Check {
  readonly name: string;
  run(mirror: Mirror, image: Image, choices: Choices): Promise<string>;
}

const absent = `sha256:${'0'.repeat(63)}1`;

/** What no test without an account can know: how the front in front of the mirror behaves. */
export const checks: readonly Check[] = [
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
    name: 'a blob is stored, and comes from the store',
    async run(mirror, { largest }, { form, bucket, wait }) {
      const until = Date.now() + wait * 1000;
      let answer = await storedBlob(mirror, largest);
      while (!answer.stored) {
        expect(Date.now() < until, `not after ${wait} s: ${answer.seen}`);
        await pause(Math.min(500, wait * 100));
        answer = await storedBlob(mirror, largest);
      }
      const { seen, target } = answer;
      const found = target === undefined ? 'stream' : 'redirect';
      expect(form === undefined || form === found, `${seen}, but --blobs is ${form}`);
      if (target === undefined) {
        expect(bucket === undefined, `${seen}: a stream leads to no bucket`);
        return `streamed; ${seen}`;
      }
      expect(isBlobOf(target, largest.digest, bucket), `${seen}, which is not the mirror's bucket`);
      return `redirected; ${seen}`;
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

/**
 * Asks for the first byte of a blob. Its Cache-Status says whether the mirror has the whole blob:
 * the registry's own redirect, and bytes that are passed on from there, are misses.
 */
async function storedBlob(mirror: Mirror, { digest }: Descriptor) {
  const answer = await mirror.blob(digest, { headers: { range: 'bytes=0-0' } });
  const location = redirectOf(answer);
  const target = location === undefined ? undefined : new URL(location, mirror.url);
  const status = String(answer.headers['cache-status'] ?? '');
  // A signed URL stays out of every message.
  const where = target === undefined ? '' : ` to ${target.host}, ${location?.length} letters`;
  const seen = `${answer.what} answered ${answer.status}${where}, cache-status "${status}"`;
  return { target, seen, stored: /;\s*hit\b/.test(status) };
}

/**
 * Whether a URL is of this blob in a bucket of Pullfront, whose keys are `blobs/sha256/ab/<hex>`. The
 * host says little: Docker Hub's own redirects lead to S3 and R2 as well. The bucket is in the host
 * (S3) or before the key (R2).
 */
function isBlobOf(
  { hostname, pathname }: URL,
  digest: string,
  bucket: string | undefined,
): boolean {
  const [algorithm, hex = ''] = digest.split(':');
  const key = `/blobs/${algorithm}/${hex.slice(0, 2)}/${hex}`;
  if (!pathname.endsWith(key)) return false;
  const before = pathname.slice(0, -key.length);
  if (bucket === undefined) return /^(?:\/[^/]+)?$/.test(before);
  return before === `/${bucket}` || (before === '' && hostname.startsWith(`${bucket}.`));
}
