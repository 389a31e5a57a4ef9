import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import type { Ask, Exchange, Expected } from './exchange.ts';
import { textOf } from './reply.ts';
import { type BucketAddress, type Received, send, signed } from './signed-request.ts';

/** Runs one row of the table against a bucket, of Amazon's or of another known server. */
export async function runExchange(
  exchange: Exchange,
  address: BucketAddress & { readonly kind?: string | undefined },
): Promise<void> {
  const prefix = `exchanges/${randomBytes(6).toString('hex')}`;
  const found = new Map<string, string>([['prefix', prefix]]);
  try {
    await askAll(exchange, address, prefix, found);
  } finally {
    await cleanUp(exchange, address, prefix, found);
  }
}

async function askAll(
  exchange: Exchange,
  address: BucketAddress & { readonly kind?: string | undefined },
  prefix: string,
  found: Map<string, string>,
): Promise<void> {
  const differs = exchange.differs?.at === address.kind ? exchange.differs : undefined;
  let etags = 0;
  for (const ask of exchange.given ?? []) {
    const answer = await perform(ask, prefix, found, address);
    expect({
      given: ask.method,
      status: answer.status,
      body: answer.body.toString(),
    }).toMatchObject({
      status: expect.toSatisfy((status: number) => status >= 200 && status < 300),
    });
    const upload = textOf(answer.body.toString(), 'UploadId');
    if (upload !== undefined) found.set('upload', upload);
    if (typeof answer.headers.etag === 'string') {
      etags += 1;
      found.set(`etag${etags}`, answer.headers.etag);
    }
  }
  check(await perform(exchange.ask, prefix, found, address), differs?.expect ?? exchange.expect);
  for (const { ask, expect: expected } of differs?.after ?? exchange.after ?? []) {
    check(await perform(ask, prefix, found, address), expected);
  }
}

/** Leaves nothing in a bucket that may be a real one. */
async function cleanUp(
  { given = [], ask }: Exchange,
  address: BucketAddress,
  prefix: string,
  found: ReadonlyMap<string, string>,
): Promise<void> {
  const keys = new Set([...given, ask].map(({ key = 'object' }) => key));
  keys.delete('');
  for (const key of keys) await perform({ method: 'DELETE', key }, prefix, found, address);
  if (!found.has('upload')) return;
  const abort = { method: 'DELETE', query: { uploadId: '{upload}' } };
  await perform(abort, prefix, found, address);
}

async function perform(
  ask: Ask,
  prefix: string,
  found: ReadonlyMap<string, string>,
  address: BucketAddress,
): Promise<Received> {
  const { method, key = 'object', altered } = ask;
  const fill = (text: string): string =>
    text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => found.get(name) ?? whole);
  const body = typeof ask.body === 'string' ? Buffer.from(fill(ask.body)) : ask.body;
  const query = Object.entries(ask.query ?? {})
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(fill(value))}`)
    .join('&');
  const inBucket = key === '' ? '' : `/${`${prefix}/${key}`.split('/').map(encoded).join('/')}`;
  const length = body === undefined ? {} : { 'content-length': String(body.length) };
  const path = `/${ask.bucket ?? address.bucket}${inBucket}`;
  const plain = { method, path, query, headers: ask.headers ?? {}, body };
  const request = await signed(plain, address, ask.as ?? { kind: 'header' });
  const { url } = request;
  if (altered?.query !== undefined) url.search = altered.query(url.search);
  if (altered?.path !== undefined) url.pathname = altered.path(url.pathname);
  const sent = { ...length, ...request.headers, ...altered?.headers };
  // An empty value stands for a header that is taken away after signing.
  const kept = Object.fromEntries(Object.entries(sent).filter(([, value]) => value !== ''));
  return await send(method, { url, headers: kept }, body);
}

function check(answer: Received, expected: Expected): void {
  const text = answer.body.length < 10_000 ? answer.body.toString() : '';
  const code = textOf(text, 'Code');
  expect({ status: answer.status, code }, text).toEqual({
    status: expected.status,
    code: expected.code,
  });
  for (const [name, value] of Object.entries(expected.headers ?? {})) {
    const got = answer.headers[name];
    if (value instanceof RegExp) expect(got, name).toMatch(value);
    else expect(got, name).toBe(value);
  }
  if (expected.body instanceof RegExp) expect(text).toMatch(expected.body);
  else if (expected.body !== undefined) {
    expect(answer.body.equals(Buffer.from(expected.body)), text).toBe(true);
  }
}

function encoded(segment: string): string {
  return encodeURIComponent(segment);
}
