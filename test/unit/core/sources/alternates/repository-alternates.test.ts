import { beforeEach, expect, test, vi } from 'vitest';
import type { Alternates } from '../../../../../functions/core/sources/alternates/alternates.ts';
import { RepositoryAlternates } from '../../../../../functions/core/sources/alternates/repository-alternates.ts';
import { madeDigest } from '../../../../contract/made-content.ts';

const digest = madeDigest('a manifest');
const repository = { registry: 'docker.io', name: 'library/app' };

interface Asked {
  readonly subject: string;
  readonly isPull: boolean;
  ask(source: object): Promise<object>;
  sent(calls: number): void;
}

let asked: object[];
let calls: string[];
/** What the alternate's HEAD answers; an error if no alternate has a good answer. */
let head: string | Error;

beforeEach(() => {
  asked = [];
  calls = [];
  head = 'found';
});

function alternatesOf() {
  const answer = (call: string, kind: () => string) => async (reference: object) => {
    calls.push(`${call} ${JSON.stringify(reference)}`);
    return { kind: kind() };
  };
  const source = {
    headManifest: answer('HEAD', () => String(head)),
    getManifest: answer('GET', () => 'found'),
  };
  const alternates = {
    async ask({ subject, isPull, ask, sent }: Asked) {
      asked.push({ subject, isPull });
      if (head instanceof Error) throw head;
      sent(2);
      const result = await ask(source);
      return { alternate: source, result };
    },
    used: (purpose: string) => calls.push(`used ${purpose}`),
  };
  const user = { repository, isBackground: false, upstreamCalls: 0 };
  return { user, of: new RepositoryAlternates(user as never, alternates as unknown as Alternates) };
}

test('an alternate has a manifest that its HEAD finds, which is no pull', async () => {
  const { of, user } = alternatesOf();
  expect(await of.has(digest)).toBe(true);
  expect(asked).toEqual([{ subject: digest, isPull: false }]);
  expect(calls).toEqual([`HEAD {"kind":"digest","digest":"${digest}"}`]);
  expect(user.upstreamCalls).toBe(2);
});

test('an alternate that answers no HEAD is asked by GET', async () => {
  head = 'unsupported';
  expect(await alternatesOf().of.has(digest)).toBe(true);
  expect(calls.map((call) => call.split(' ')[0])).toEqual(['HEAD', 'GET']);
});

test('a manifest that no alternate has is not had', async () => {
  head = new Error('none has it');
  expect(await alternatesOf().of.has(digest)).toBe(false);
});

test('a tag is pulled from an alternate, which is noted', async () => {
  const { result } = await alternatesOf().of.getTag('1');
  expect(result).toEqual({ kind: 'found' });
  expect(asked).toEqual([{ subject: 'tag 1', isPull: true }]);
  expect(calls).toEqual(['GET {"kind":"tag","tag":"1"}', 'used manifest']);
});

test('a client follows the work of others for 25 s', async () => {
  const { of } = alternatesOf();
  expect(await of.follow(Promise.resolve(undefined))).toBeUndefined();
  vi.useFakeTimers();
  try {
    const slow = of.follow(new Promise((resolve) => setTimeout(resolve, 24_999, 'done')));
    await vi.advanceTimersByTimeAsync(24_999);
    expect(await slow).toBe('done');
    const silent = expect(of.follow(new Promise(() => undefined))).rejects.toMatchObject({
      kind: 'timeout',
      message: 'docker.io: neither it nor an alternate answered in time',
    });
    await vi.advanceTimersByTimeAsync(25_000);
    await silent;
  } finally {
    vi.useRealTimers();
  }
});
