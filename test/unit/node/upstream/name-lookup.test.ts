import dns, { type LookupAddress } from 'node:dns';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { NameLookup } from '../../../../functions/node/upstream/name-lookup.ts';

type Answer = LookupAddress[] | Error | 'silent';

const answers = new Map<string, Answer>();
const asked: string[] = [];
const v4 = (address: string) => ({ address, family: 4 });

beforeEach(() => {
  asked.length = 0;
  answers.clear();
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  // The system's threads, which a name with silent servers keeps.
  vi.spyOn(dns, 'lookup').mockImplementation(((
    hostname: string,
    _: object,
    done: (error: Error | null, addresses: LookupAddress[]) => void,
  ) => {
    asked.push(hostname);
    const answer = answers.get(hostname) ?? 'silent';
    if (answer === 'silent') return;
    queueMicrotask(() => (answer instanceof Error ? done(answer, []) : done(null, answer)));
  }) as typeof dns.lookup);
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test('requests share a lookup, and its result for 10 s', async () => {
  const names = new NameLookup();
  answers.set('a.example', [v4('192.0.2.1')]);
  const both = await Promise.all([names.resolve('a.example'), names.resolve('a.example')]);
  expect(both).toEqual([[v4('192.0.2.1')], [v4('192.0.2.1')]]);
  await vi.advanceTimersByTimeAsync(9_000);
  await names.resolve('a.example');
  expect(asked).toEqual(['a.example']);
  await vi.advanceTimersByTimeAsync(2_000);
  answers.set('a.example', [v4('192.0.2.2')]);
  expect(await names.resolve('a.example')).toEqual([v4('192.0.2.2')]);
});

test('a result is looked up again after exactly 10 s', async () => {
  const names = new NameLookup();
  answers.set('a.example', [v4('192.0.2.1')]);
  await names.resolve('a.example');
  await vi.advanceTimersByTimeAsync(9_999);
  await names.resolve('a.example');
  expect(asked).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  await names.resolve('a.example');
  expect(asked).toHaveLength(2);
});

test('a result of a clock that was ahead is not used', async () => {
  const names = new NameLookup();
  answers.set('a.example', [v4('192.0.2.1')]);
  await names.resolve('a.example');
  vi.setSystemTime(Date.now() - 60_000);
  answers.set('a.example', [v4('192.0.2.2')]);
  expect(await names.resolve('a.example')).toEqual([v4('192.0.2.2')]);
});

test('after an hour, a failing name server is an error', async () => {
  const names = new NameLookup();
  answers.set('a.example', [v4('192.0.2.1')]);
  await names.resolve('a.example');
  answers.set('a.example', new Error('EAI_AGAIN'));
  await vi.advanceTimersByTimeAsync(3_599_999);
  expect(await names.resolve('a.example')).toEqual([v4('192.0.2.1')]);
  await vi.advanceTimersByTimeAsync(1);
  await expect(names.resolve('a.example')).rejects.toThrow('EAI_AGAIN');
});

test('an address is its own result', async () => {
  const names = new NameLookup();
  expect(await names.resolve('192.0.2.1')).toEqual([v4('192.0.2.1')]);
  expect(await names.resolve('::1')).toEqual([{ address: '::1', family: 6 }]);
  expect(asked).toEqual([]);
});

test('a socket gets all addresses, or one of its family', async () => {
  const names = new NameLookup();
  const both = [{ address: '2001:db8::1', family: 6 }, v4('192.0.2.1')];
  answers.set('a.example', both);
  const got = (options: object) =>
    new Promise((resolve) => {
      names.lookup('a.example', options, (...result) => resolve(result));
    });
  expect(await got({ all: true })).toEqual([null, both]);
  expect(await got({ all: true, family: 4 })).toEqual([null, [v4('192.0.2.1')]]);
  expect(await got({})).toEqual([null, '2001:db8::1', 6]);
  expect(await got({ family: 4 })).toEqual([null, '192.0.2.1', 4]);
  answers.set('none.example', new Error('ENOTFOUND'));
  const failed = new Promise((resolve) => {
    names.lookup('none.example', {}, (error) => resolve(error?.message));
  });
  expect(await failed).toBe('ENOTFOUND');
});

test('the address that worked is tried first, also after the next lookup', async () => {
  const names = new NameLookup();
  const found = [{ address: '2001:db8::1', family: 6 }, v4('192.0.2.1')];
  answers.set('a.example', found);
  expect(await names.resolve('a.example')).toEqual(found);
  names.worked('a.example', '192.0.2.1');
  expect((await names.resolve('a.example'))[0]).toEqual(v4('192.0.2.1'));
  await vi.advanceTimersByTimeAsync(11_000);
  expect((await names.resolve('a.example'))[0]).toEqual(v4('192.0.2.1'));
});

test.each([['silent'], [new Error('EAI_AGAIN')]] as const)(
  'while name servers fail, the last addresses are used for an hour: %s',
  async (failing) => {
    const names = new NameLookup();
    answers.set('a.example', [v4('192.0.2.1')]);
    await names.resolve('a.example');
    answers.set('a.example', failing);
    await vi.advanceTimersByTimeAsync(600_000);
    const resolved = names.resolve('a.example');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await resolved).toEqual([v4('192.0.2.1')]);
  },
);

test('an error of the system is passed on', async () => {
  const names = new NameLookup();
  answers.set('none.example', new Error('ENOTFOUND'));
  await expect(names.resolve('none.example')).rejects.toThrow('ENOTFOUND');
});

test('names with silent servers do not keep others waiting', async () => {
  const names = new NameLookup();
  void names.resolve('silent-1.example').catch(() => undefined);
  void names.resolve('silent-2.example').catch(() => undefined);
  // Every /etc/hosts has it; the mocked system stays silent, as when its threads are taken.
  const resolving = names.resolve('localhost');
  await vi.advanceTimersByTimeAsync(1);
  const resolved = await resolving;
  expect(resolved.map(({ address }) => address)).toContain('127.0.0.1');
});
