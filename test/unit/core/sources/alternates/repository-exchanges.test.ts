import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Alternates } from '../../../../../functions/core/sources/alternates/alternates.ts';
import type { Exchange } from '../../../../../functions/core/sources/alternates/exchange.ts';
import { askOthersAfter } from '../../../../../functions/core/sources/alternates/plan.ts';
import { RepositoryExchanges } from '../../../../../functions/core/sources/alternates/repository-exchanges.ts';
import { madeDigest } from '../../../../contract/made-content.ts';

interface Result {
  readonly kind: string;
  readonly of?: string;
}

const digest = madeDigest('content');
const healthy = { isLimited: false, isResting: false, isOverdue: false };
const ofRegistry = { kind: 'found', of: 'registry' };
const ofAlternate = { kind: 'found', of: 'alternate' };
const alternate = { entry: 'mirror.test', registry: 'mirror.test', prefix: '' };

let calls: string[];
let forUnseenTags: boolean;
let isRegistrySlow: boolean;

beforeEach(() => {
  vi.useFakeTimers();
  calls = [];
  forUnseenTags = false;
  isRegistrySlow = false;
});
afterEach(() => {
  vi.useRealTimers();
});

type Answerer = (signal: AbortSignal) => Promise<Result>;
const answers = (result: Result) => async () => result;
const fails = (message: string) => () => Promise.reject(new Error(message));
const never = () => new Promise<never>(() => undefined);

/** Asks a registry and an alternate, which both note that they are asked. */
function run(registry: Answerer, other: Answerer, more: Partial<Exchange<Result>> = {}) {
  const alternates = {
    forUnseenTags,
    isRegistrySlow,
    registryLost: () => calls.push('lost'),
    used: (purpose: string, by?: typeof alternate) => calls.push(`used ${purpose} ${by?.entry}`),
    async ask({ subject, isPull, signal, ask, sent }: Parameters<Alternates['ask']>[0]) {
      calls.push(`alternates ${subject === digest} ${isPull}`);
      sent(2);
      await ask({} as never);
      return { alternate, source: {}, result: await other(signal) };
    },
  };
  const user = { repository: {}, isBackground: false, upstreamCalls: 1 };
  const exchanges = new RepositoryExchanges(user as never, alternates as unknown as Alternates);
  const end = exchanges.run<Result>({
    digest,
    state: healthy,
    isPull: false,
    registry: (signal) => {
      calls.push('registry');
      return registry(signal);
    },
    alternate: async () => ofAlternate,
    ...more,
  });
  return { end, user };
}

test('a registry that answers is the only one asked', async () => {
  const { end, user } = run(answers(ofRegistry), answers(ofAlternate));
  expect(await end).toBe(ofRegistry);
  expect(calls).toEqual(['registry', 'used blob undefined']);
  expect(user.upstreamCalls).toBe(1);
});

test('the answer of a registry for a body that broke off once changes no use', async () => {
  const { end } = run(answers(ofRegistry), answers(ofAlternate), { breaks: 1 });
  expect(await end).toBe(ofRegistry);
  expect(calls).toEqual(['registry']);
});

test('an alternate answers for a registry that fails, and its requests count', async () => {
  const { end, user } = run(fails('down'), answers(ofAlternate));
  expect(await end).toBe(ofAlternate);
  expect(calls).toEqual(['registry', 'alternates true false', 'used blob mirror.test']);
  expect(user.upstreamCalls).toBe(3);
});

test('an alternate that is faster than the registry is noted', async () => {
  const { end } = run(never, answers(ofAlternate), { isPull: true });
  await vi.advanceTimersByTimeAsync(askOthersAfter);
  expect(await end).toBe(ofAlternate);
  expect(calls).toEqual(['registry', 'alternates true true', 'lost', 'used manifest mirror.test']);
});

test.each(['slow', 'resting'])('the alternates are asked first for a %s registry', async (how) => {
  isRegistrySlow = how === 'slow';
  const state = { ...healthy, isResting: how === 'resting' };
  const { end } = run(answers(ofRegistry), answers(ofAlternate), { state });
  expect(await end).toBe(ofAlternate);
  expect(calls).toEqual(['alternates true false', 'used blob mirror.test']);
});

test('a registry asked second that answers is used, and did not lose', async () => {
  const state = { ...healthy, isResting: true };
  const { end } = run(answers(ofRegistry), never, { state });
  await vi.advanceTimersByTimeAsync(askOthersAfter);
  expect(await end).toBe(ofRegistry);
  expect(calls).toEqual(['alternates true false', 'registry', 'used blob undefined']);
});

test.each([false, true])('if both fail, the registry says why (resting: %s)', async (isResting) => {
  const state = { ...healthy, isResting };
  const { end } = run(fails('the registry'), fails('the alternate'), { state });
  await expect(end).rejects.toThrow('the registry');
});

test('a permit that rejects keeps the alternates from being asked', async () => {
  const { end } = run(fails('the registry'), answers(ofAlternate), { permit: fails('no') });
  await expect(end).rejects.toThrow('the registry');
  expect(calls).toEqual(['registry']);
});

test('the answer of an alternate can be changed', async () => {
  const accept = (result: Result, by: object) => ({ ...result, kind: `${by === alternate}` });
  const { end } = run(fails('down'), answers(ofAlternate), { accept });
  expect(await end).toEqual({ kind: 'true', of: 'alternate' });
});

test('an alternate that answers after the registry is dropped', async () => {
  const dropped: Result[] = [];
  let answer: (result: Result) => void = () => undefined;
  const late = () => new Promise<Result>((resolve) => (answer = resolve));
  const slow = async () => {
    await new Promise((resolve) => setTimeout(resolve, askOthersAfter + 1000));
    return ofRegistry;
  };
  const { end } = run(slow, late, { drop: (unused) => dropped.push(unused) });
  await vi.advanceTimersByTimeAsync(askOthersAfter + 1000);
  expect(await end).toBe(ofRegistry);
  answer(ofAlternate);
  await vi.advanceTimersByTimeAsync(0);
  expect(dropped).toEqual([ofAlternate]);
  expect(calls).toEqual(['registry', 'alternates true false', 'used blob undefined']);
});

const askBoth = ['registry', 'alternates true false', 'used blob mirror.test'];
const askRegistry = ['registry', 'used blob undefined'];

test.each([
  ['absent', true, false, askBoth],
  ['denied', true, false, askBoth],
  ['found', true, false, askRegistry],
  ['absent', false, false, askRegistry],
  ['absent', true, true, ['registry', 'used manifest undefined']],
])('%s at the registry; unseen tags: %s, pull: %s', async (kind, unseen, isPull, expected) => {
  forUnseenTags = unseen;
  const { end } = run(answers({ kind }), answers(ofAlternate), { isPull });
  expect((await end).kind).toBe(expected === askBoth ? 'found' : kind);
  expect(calls).toEqual(expected);
});

test('what neither has is answered as by the registry', async () => {
  forUnseenTags = true;
  const { end } = run(answers({ kind: 'absent' }), fails('no alternate has it'));
  expect(await end).toEqual({ kind: 'absent' });
  expect(calls).toEqual(['registry', 'alternates true false']);
});
