import { beforeEach, expect, test } from 'vitest';
import { UpstreamError } from '../../../../../functions/core/ports/upstream-error.ts';
import type { Alternates } from '../../../../../functions/core/sources/alternates/alternates.ts';
import { BlobAlternates } from '../../../../../functions/core/sources/alternates/blob-alternates.ts';
import type {
  AlternatesUser,
  RepositoryExchanges,
} from '../../../../../functions/core/sources/alternates/repository-exchanges.ts';
import { madeDigest } from '../../../../contract/made-content.ts';

const digest = madeDigest('a blob');
const alternate = { registry: 'mirror.test' };
const state = {} as never;
const url = 'https://cdn.example/blob';

let calls: string[];
let breaks: (number | undefined)[];
/** What the alternate answers to every request. */
let answer: object;
/** Whether the alternate's answer is used, or the registry's. */
let isAlternate: boolean;
let failure: Error | undefined;

beforeEach(() => {
  calls = [];
  breaks = [];
  answer = { kind: 'found', size: 5, body: body() };
  isAlternate = true;
  failure = undefined;
});

function body() {
  return {
    read: async () => {
      if (failure !== undefined) throw failure;
      return { done: true, value: undefined };
    },
    cancel: async () => undefined,
  };
}

function blobs() {
  const source = {
    upstreamCalls: 3,
    openBlob: async () => answer,
    locateBlob: async () => answer,
    openLocated: async () => answer,
  };
  const alternates = {
    now: () => 0,
    located: (at: string) => calls.push(`located ${at}`),
    atLocation: (at: string) => (at === url ? { alternate, source } : undefined),
    wrongBytes: () => calls.push('wrong bytes'),
    arrived: () => calls.push('arrived'),
  };
  const exchanges = {
    async run(exchange: {
      breaks: number | undefined;
      registry: (signal: AbortSignal) => Promise<object>;
      alternate: (from: typeof source) => Promise<object>;
      accept: (result: object, from: typeof alternate) => object;
    }) {
      breaks.push(exchange.breaks);
      if (!isAlternate) return exchange.registry(new AbortController().signal);
      return exchange.accept(await exchange.alternate(source), alternate);
    },
  };
  const user = { upstreamCalls: 0, repository: {}, isBackground: false };
  const of = new BlobAlternates(
    user as unknown as AlternatesUser,
    alternates as unknown as Alternates,
    exchanges as unknown as RepositoryExchanges,
  );
  const registry = async () => answer as never;
  return {
    of,
    user,
    open: (size?: number) => of.open(digest, { start: 0 } as never, size, state, registry),
    locate: () => of.locate(digest, state, registry),
  };
}

test.each([
  ['redirect', [`located ${url}`], true],
  ['direct', [], true],
  ['absent', [], undefined],
])('a location of an alternate that is %s is marked as its own', async (kind, noted, isOf) => {
  answer = { kind, ...(kind === 'redirect' && { url }) };
  const location = await blobs().locate();
  expect(calls).toEqual(noted);
  expect(location).toEqual({ ...answer, ...(isOf && { isOfAlternate: true }) });
});

test('a location of the registry is passed on', async () => {
  isAlternate = false;
  answer = { kind: 'redirect', url };
  expect(await blobs().locate()).toBe(answer);
  expect(calls).toEqual([]);
});

test('an alternate that sends a blob is remembered, and blamed for wrong bytes', async () => {
  const { of, open } = blobs();
  expect([of.hasSent(digest), of.wrongBytes(digest)]).toEqual([false, false]);
  const opening = await open(5);
  if (opening.kind !== 'found') throw new Error('not found');
  await opening.body.read();
  expect(calls).toEqual(['arrived']);
  await open(5);
  expect([of.hasSent(digest), of.wrongBytes(digest)]).toEqual([true, true]);
  expect(calls).toEqual(['arrived', 'wrong bytes']);
});

test('a blob of another size is not taken from an alternate', async () => {
  const { of, open } = blobs();
  await expect(open(6)).rejects.toThrow('has 5 bytes, not 6');
  expect(of.hasSent(digest)).toBe(false);
});

test('an alternate without the blob has sent nothing', async () => {
  answer = { kind: 'absent' };
  const { of, open } = blobs();
  expect(await open()).toBe(answer);
  expect(of.hasSent(digest)).toBe(false);
});

test('a blob at the URL of an alternate is read there, and the requests are counted', async () => {
  const { of, user } = blobs();
  expect(of.openLocated('https://registry.example', digest, {} as never)).toBeUndefined();
  expect(await of.openLocated(url, digest, {} as never)).toMatchObject({ kind: 'found' });
  expect([user.upstreamCalls, of.hasSent(digest)]).toEqual([3, true]);
});

test.each([
  ['breaks off', new Error('reset'), [undefined, 1, 2]],
  ['falls silent', new UpstreamError('timeout', 'silent'), [undefined, 2, 4]],
  ['is unreachable', new UpstreamError('unreachable', 'gone'), [undefined, 1, 2]],
  ['ends', undefined, [undefined, undefined, undefined]],
])('a body of the registry that %s counts for the next requests', async (_, error, expected) => {
  isAlternate = false;
  failure = error;
  const { of, open } = blobs();
  for (let round = 0; round < 3; round++) {
    const opening = await open();
    if (opening.kind === 'found') await opening.body.read().catch(() => undefined);
  }
  expect(breaks).toEqual(expected);
  expect(of.hasSent(digest)).toBe(false);
});
