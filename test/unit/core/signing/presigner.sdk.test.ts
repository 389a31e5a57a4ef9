import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nodeHashing } from '../../../../functions/aws/sdk/aws-credentials.ts';
import { createSigner } from '../../../../functions/core/signing/presigner.ts';

/** The hash as the SDK wants it, by Node. */
class NodeSha256 {
  readonly #hash;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    const key = typeof secret === 'string' ? secret : secret && Buffer.from(bytesOf(secret));
    this.#hash = key === undefined ? createHash('sha256') : createHmac('sha256', key);
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(typeof data === 'string' ? data : bytesOf(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {}
}

function bytesOf(data: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

const credentials = fc.record({
  accessKeyId: fc.stringMatching(/^[A-Z0-9]{16,20}$/),
  secretAccessKey: fc.stringMatching(/^[A-Za-z0-9/+]{40}$/),
  sessionToken: fc.option(fc.stringMatching(/^[A-Za-z0-9/+=]{1,400}$/), { nil: undefined }),
});

const times = fc.date({
  min: new Date('2020-01-01'),
  max: new Date('2035-01-01'),
  noInvalidDate: true,
});

const text = fc.string({ unit: 'grapheme', maxLength: 12 });

/** Keys of objects without dot segments, which a URL does away with, and without empty ones. */
const segments = fc.array(
  fc.oneof(fc.stringMatching(/^[a-z0-9-]{1,20}$/), text).filter((s) => !/^\.{0,2}$/.test(s)),
  { minLength: 1, maxLength: 4 },
);

const parameters = fc.dictionary(
  fc.stringMatching(/^[A-Za-z0-9-]{1,16}$/).filter((name) => !/^x-amz-/i.test(name)),
  text,
  { maxKeys: 4 },
);

const headers = fc.dictionary(
  fc.constantFrom('range', 'content-type', 'x-amz-meta-a', 'x-amz-target', 'x-custom', 'if-match'),
  fc.stringMatching(/^[!-~]{1,8}( {1,2}[!-~]{1,8})?$/),
);

const requests = fc.record({
  credentials,
  time: times,
  segments,
  parameters,
  headers,
  service: fc.constantFrom('s3', 'dynamodb'),
  body: fc.string(),
  port: fc.constantFrom('', ':4566'),
});

type AnyRequest = typeof requests extends fc.Arbitrary<infer Value> ? Value : never;

/** The same request for ours and for theirs, which takes it decoded. */
function bothOf(request: AnyRequest) {
  const { segments, parameters, service, port, time, credentials } = request;
  const url = new URL(`https://host.example${port}`);
  url.pathname = `/${segments.map(encodeURIComponent).join('/')}`;
  url.search = Object.entries(parameters)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
  const ours = createSigner({
    region: 'eu-central-1',
    service,
    credentials: () => credentials,
    now: () => time.getTime(),
    hashing: nodeHashing,
  });
  const theirs = new SignatureV4({
    credentials: {
      accessKeyId: credentials.accessKeyId,
      secretAccessKey: credentials.secretAccessKey,
      ...(credentials.sessionToken !== undefined && { sessionToken: credentials.sessionToken }),
    },
    region: 'eu-central-1',
    service,
    sha256: NodeSha256,
    uriEscapePath: service !== 's3',
    applyChecksum: service === 's3',
  });
  const strict = (part: string) =>
    encodeURIComponent(part).replace(
      /[!'()*]/g,
      (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  const plain = {
    protocol: 'https:',
    hostname: 'host.example',
    ...(port !== '' && { port: 4566 }),
    path: service === 's3' ? `/${segments.map(strict).join('/')}` : url.pathname,
    query: { ...parameters },
  };
  return { url, ours, theirs, plain, signingDate: time };
}

describe("the SDK's own signer comes to the same", () => {
  test('signature in the headers', async () => {
    await fc.assert(
      fc.asyncProperty(requests, async (request) => {
        const { url, ours, theirs, plain, signingDate } = bothOf(request);
        const bodyHash = nodeHashing.sha256Hex(request.body);
        const signed = await ours.headers({
          method: 'POST',
          url,
          headers: request.headers,
          bodyHash,
        });
        const expected = await theirs.sign(
          {
            ...plain,
            method: 'POST',
            headers: { ...request.headers, host: url.host },
            body: request.body,
          },
          { signingDate, signableHeaders: new Set(Object.keys(request.headers)) },
        );
        expect(signed.authorization).toBe(expected.headers.authorization);
      }),
      { numRuns: 300 },
    );
  });

  test('signature in the URL', async () => {
    await fc.assert(
      fc.asyncProperty(requests, async (request) => {
        const { url, ours, theirs, plain, signingDate } = bothOf(request);
        const signed = await ours.presign({ method: 'GET', url, lifeSeconds: 1200 });
        const inHeader =
          request.service === 's3' ? { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } : {};
        const expected = await theirs.presign(
          { ...plain, method: 'GET', headers: { host: url.host, ...inHeader } },
          {
            signingDate,
            expiresIn: 1200,
            unhoistableHeaders: new Set(['x-amz-content-sha256']),
            unsignableHeaders: new Set(['x-amz-content-sha256']),
          },
        );
        const query = new URL(signed.url).searchParams;
        expect(query.get('X-Amz-Signature')).toBe(expected.query?.['X-Amz-Signature']);
        expect(query.get('X-Amz-Credential')).toBe(expected.query?.['X-Amz-Credential']);
        expect(query.get('X-Amz-Security-Token') ?? undefined).toBe(
          expected.query?.['X-Amz-Security-Token'],
        );
      }),
      { numRuns: 300 },
    );
  });
});
