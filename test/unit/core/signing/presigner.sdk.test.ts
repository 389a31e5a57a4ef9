import { Hash } from '@smithy/core/serde';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nodeHashing } from '../../../../functions/aws/sdk/aws-credentials.ts';
import { createSigner } from '../../../../functions/core/signing/presigner.ts';

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

const requests = fc.record({
  credentials,
  time: times,
  segments,
  parameters,
  port: fc.constantFrom('', ':4566'),
});

type AnyRequest = typeof requests extends fc.Arbitrary<infer Value> ? Value : never;

/** The same request for ours and for theirs, which takes it decoded. */
function bothOf(request: AnyRequest) {
  const { segments, parameters, port, time, credentials } = request;
  const url = new URL(`https://host.example${port}`);
  url.pathname = `/${segments.map(encodeURIComponent).join('/')}`;
  url.search = Object.entries(parameters)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
  const ours = createSigner({
    region: 'eu-central-1',
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
    service: 's3',
    sha256: Hash.bind(null, 'sha256'),
    uriEscapePath: false,
    applyChecksum: true,
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
    path: `/${segments.map(strict).join('/')}`,
    query: { ...parameters },
  };
  return { url, ours, theirs, plain, signingDate: time };
}

describe("the SDK's own signer comes to the same", () => {
  test('signature in the URL', async () => {
    await fc.assert(
      fc.asyncProperty(requests, async (request) => {
        const { url, ours, theirs, plain, signingDate } = bothOf(request);
        const signed = await ours.presign({ method: 'GET', url, lifeSeconds: 1200 });
        const expected = await theirs.presign(
          {
            ...plain,
            method: 'GET',
            headers: { host: url.host, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
          },
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
    );
  });
});
