import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HostWaits } from '../../../../functions/core/sources/host-waits.ts';
import type { AwaitedHost } from '../../../../functions/core/upstream/host-timing.ts';

const limit = { milliseconds: 15_000, message: 'no answer within 15 s' };
let waits: HostWaits;
/** The requests that reached a host, in order. */
let sent: { readonly what: string; answer(): void; isAborted(): boolean }[];

beforeEach(() => {
  vi.useFakeTimers();
  waits = new HostWaits({ now: Date.now, waitUntil: () => undefined });
  sent = [];
});

afterEach(() => vi.useRealTimers());

type Target = Partial<Omit<AwaitedHost, 'remote'>> & {
  readonly name?: string;
  readonly isBackground?: boolean;
};

/** Sends a request; gives what became of it so far. */
function request(what: string, target: Target = {}) {
  const { name = 'app', isBackground = false, ...place } = target;
  const remote = { name, isBackground };
  const at = { role: 'registry', host: 'r.example', isBlob: false, ...place, remote } as const;
  const began = Date.now();
  const seen = { remote, end: 'waits', seconds: 0 };
  const ended = (end: string) => Object.assign(seen, { end, seconds: (Date.now() - began) / 1000 });
  waits
    .send(at, limit, (signal) => {
      const { promise, resolve } = deferred();
      const answer = () => resolve(new Response('x'));
      sent.push({ what, answer, isAborted: () => signal.aborted });
      return promise;
    })
    .then(
      () => ended('answered'),
      ({ isHostAlive }) => ended(isHostAlive ? 'repository hangs' : 'no answer'),
    );
  return seen;
}

function deferred() {
  let resolve: (response: Response) => void = () => undefined;
  const promise = new Promise<Response>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000);

/** Lets the host answer the newest request, after a time. */
async function answered(what: string, seconds = 0, target: Target = {}) {
  const seen = request(what, target);
  await pass(seconds);
  sent.find((one) => one.what === what)?.answer();
  await pass(0);
  expect(seen.end).toBe('answered');
}

const names = () => sent.map(({ what }) => what);

describe('a host that never answers', () => {
  it('lets the first wait to the limit, and the others, which are not sent, for 1 s', async () => {
    const first = request('first');
    await pass(2);
    const others = ['b', 'c'].map((name) => request(name, { name }));
    await pass(1);
    for (const other of others) expect(other).toMatchObject({ end: 'no answer', seconds: 1 });
    await pass(12);
    expect(first).toMatchObject({ end: 'no answer', seconds: 15 });
    expect(names()).toEqual(['first']);
  });

  it('gets one probe at a time for 10 s, for which clients wait 1 s', async () => {
    request('first');
    await pass(15);
    for (const second of [1, 2, 3, 4, 5]) {
      const later = request(`later ${second}`);
      await pass(1);
      expect(later).toMatchObject({ end: 'no answer', seconds: 1 });
    }
    expect(names()).toEqual(['first', 'later 1']);
  });

  it('gets a request that waits again when 10 s are over', async () => {
    request('first');
    await pass(25);
    const again = request('again');
    await pass(6);
    expect(again.end).toBe('waits');
  });

  it('lets those go on that wait for a probe when it is answered', async () => {
    request('first');
    await pass(0.5);
    const other = request('other', { name: 'other' });
    await pass(0.5);
    sent[0]?.answer();
    await pass(0);
    expect(names()).toEqual(['first', 'other']);
    await pass(6);
    expect(other.end).toBe('waits');
  });

  it('is known to answer once its probe, left by its client, is answered', async () => {
    request('first');
    await pass(15);
    const left = request('probe');
    await pass(2);
    expect(left.end).toBe('no answer');
    sent[1]?.answer();
    await pass(0);
    expect(waits.isOverdue(undefined)).toBe(false);
    const next = request('next');
    await pass(6);
    expect(next.end).toBe('waits');
  });

  it('is not asked for blobs either, but other hosts are', async () => {
    request('first');
    await pass(15);
    request('blob', { isBlob: true });
    await pass(1);
    const second = request('second blob', { isBlob: true });
    request('elsewhere', { role: 'blob-host', host: 'cdn.example', isBlob: true });
    await pass(1);
    expect(second).toMatchObject({ end: 'no answer', seconds: 1 });
    expect(names()).toEqual(['first', 'blob', 'elsewhere']);
  });
});

describe('a host that answers', () => {
  it('always after 12 s: everybody waits for it', async () => {
    await answered('first', 12);
    const all = ['a', 'b', 'c'].map((name) => request(name, { name }));
    await pass(12);
    for (const { answer } of sent) answer();
    await pass(0);
    for (const one of all) expect(one).toMatchObject({ end: 'answered', seconds: 12 });
    await pass(3600);
    request('an hour later');
    await pass(2);
    const other = request('and another');
    await pass(10);
    expect(other.end).toBe('waits');
  });

  it('but turns silent: requests on the way end with the first that times out', async () => {
    await answered('before');
    const first = request('first');
    await pass(3);
    const second = request('second');
    await pass(2);
    expect([first.end, second.end]).toEqual(['waits', 'no answer']);
    await pass(10);
    expect(first).toMatchObject({ end: 'no answer', seconds: 15 });
  });

  it('but not for one repository: only that one gets no more than 1 s', async () => {
    await answered('before');
    const hangs = request('hangs', { name: 'hangs' });
    for (const second of [3, 6, 9, 12]) {
      await pass(3);
      await answered(`other ${second}`);
    }
    await pass(3);
    expect(hangs).toMatchObject({ end: 'repository hangs', seconds: 15 });
    const again = request('again', { name: 'hangs' });
    await pass(1);
    expect(again).toMatchObject({ end: 'repository hangs', seconds: 1 });
    expect(sent.at(-1)?.isAborted()).toBe(true);
    const other = request('other');
    await pass(6);
    expect(other.end).toBe('waits');
  });

  it('but not for blobs: manifests are asked for as before', async () => {
    await answered('manifest');
    await pass(60);
    request('blob', { isBlob: true });
    await pass(15);
    const blob = request('blob again', { isBlob: true });
    await answered('manifest again', 3);
    expect(blob).toMatchObject({ end: 'no answer', seconds: 1 });
  });
});

it('a host whose manifests are answered while a blob is awaited: other blobs wait for 1 s', async () => {
  await answered('manifest');
  request('blob', { isBlob: true });
  await pass(6);
  await answered('manifest again');
  const other = request('other blob', { isBlob: true });
  await pass(1);
  expect(other).toMatchObject({ end: 'no answer', seconds: 1 });
  await answered('a third manifest');
});

describe('a client that follows what another began', () => {
  const follow = (client: { name: string }) => {
    const began = Date.now();
    const seen = { seconds: 0 };
    const never = new Promise<never>(() => undefined);
    void waits.follow(Object.assign(client, { began }), never).then(() => {
      seen.seconds = (Date.now() - began) / 1000;
    });
    return seen;
  };

  it('waits for 1 s if the host seems silent, and the one that began it to the end', async () => {
    const { remote } = request('first');
    const first = follow(remote);
    const other = follow({ name: 'app' });
    const elsewhere = follow({ name: 'elsewhere' });
    await pass(26);
    expect([first.seconds, other.seconds, elsewhere.seconds]).toEqual([0, 1, 0]);
    await pass(1);
    expect([first.seconds, elsewhere.seconds]).toEqual([27, 27]);
  });

  it('waits for 1 s for each host that the work reaches', async () => {
    request('registry');
    const client = follow({ name: 'app' });
    await pass(0.9);
    sent[0]?.answer();
    await pass(1);
    request('its CDN', { role: 'blob-host', host: 'cdn.example', isBlob: true });
    await pass(0.9);
    expect(client.seconds).toBe(0);
    await pass(1.1);
    expect(client.seconds).toBeCloseTo(2.9);
  });

  it('waits to the end if no client waits for it yet: a fill in the background', async () => {
    request('fill', { isBackground: true, isBlob: true });
    const first = follow({ name: 'app' });
    const other = follow({ name: 'app' });
    await pass(5);
    expect([first.seconds, other.seconds]).toEqual([0, 1]);
  });
});
