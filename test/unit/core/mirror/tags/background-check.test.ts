import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UpstreamError } from '../../../../../functions/core/ports/upstream-error.ts';
import { makeImage } from '../../../../standins/images/image.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';

const minute = 60_000;
const first = makeImage({ layers: [randomLayer('first', 5000)] });
const second = makeImage({ layers: [randomLayer('second', 5000)] });
const repository = { registry: 'docker.io', name: 'library/app' };
const down = new UpstreamError('unavailable', 'docker.io is down', { status: 503 });
const behind = { revalidate: 'behind', maxStale: 60 * minute } as const;

let test: MirrorUnderTest;

beforeEach(async () => {
  test = await openMirror({ policy: behind });
  test.upstream.add('library/app', first, '1');
  await pull();
  await test.fill();
  test.upstream.asked.length = 0;
});

afterEach(() => test.close());

const pull = (method?: 'GET' | 'HEAD') => test.tag('library/app', '1', method);
const confirm = () =>
  test.mirror.repository(repository).resolveManifest({ kind: 'tag', tag: '1' }, 'GET', true);

const old = { digest: first.manifest.digest, provenance: { kind: 'revalidating' } };
const head = 'HEAD manifest library/app:1';

/** Lets the upstream answer only when the result is called. */
function holdAnswers(): () => void {
  let answer = () => {};
  test.upstream.gate = new Promise((resolve) => {
    answer = resolve;
  });
  return answer;
}

describe('with revalidate "behind", a tag past its TTL', () => {
  it.each(['GET', 'HEAD'] as const)('%s: is served before the upstream answers', async (method) => {
    test.pass(5 * minute + 30_000);
    const answer = holdAnswers();
    expect(await pull(method)).toMatchObject({
      ...old,
      provenance: { kind: 'revalidating', ttl: -30 },
    });
    answer();
    await test.settled();
    expect(test.upstream.asked).toEqual([head]);
    expect(await pull()).toMatchObject({ provenance: { kind: 'hit', ttl: 300 } });
    expect(test.upstream.asked).toEqual([head]);
  });

  it('costs one HEAD, however many clients ask, and no answer counts it', async () => {
    test.pass(5 * minute);
    const requests = Array.from({ length: 20 }, () => test.mirror.repository(repository));
    const tag = { kind: 'tag', tag: '1' } as const;
    const outcomes = await Promise.all(requests.map((one) => one.resolveManifest(tag, 'GET')));
    for (const outcome of outcomes) expect(outcome).toMatchObject(old);
    await test.settled();
    expect(test.upstream.asked).toEqual([head]);
    expect(requests.map(({ upstreamCalls }) => upstreamCalls)).toEqual(requests.map(() => 0));
  });

  it('that moved is served new by the next request after the check', async () => {
    test.upstream.add('library/app', second, '1');
    test.pass(5 * minute);
    expect(await pull()).toMatchObject(old);
    await test.settled();
    expect(await pull()).toMatchObject({
      digest: second.manifest.digest,
      provenance: { kind: 'hit' },
    });
  });

  it('is confirmed first for a client with Cache-Control: no-cache', async () => {
    test.upstream.add('library/app', second, '1');
    test.pass(5 * minute);
    expect(await confirm()).toMatchObject({ digest: second.manifest.digest });
    test.pass(5 * minute);
    test.upstream.failure = down;
    await test.fill();
    await confirm();
    // Within 5 s it may not be confirmed again, and is not served unasked either.
    expect(await confirm()).not.toMatchObject({ provenance: { kind: 'revalidating' } });
  });

  it.each([
    ['is older than maxStale', () => test.pass(60 * minute + 1)],
    ['comes from the future', () => test.pass(-minute)],
    ['is refused', () => test.upstream.removeTag('library/app', '1')],
  ])('that %s is confirmed first', async (reason, arrange) => {
    arrange();
    if (reason === 'is refused') await confirm();
    test.pass(reason === 'is refused' ? 5 * minute : 0);
    test.upstream.asked.length = 0;
    const outcome = await pull();
    expect(outcome).not.toMatchObject({ provenance: { kind: 'revalidating' } });
    expect(test.upstream.asked).toContain(head);
  });

  it('is confirmed first while a blob of its image is missing', async () => {
    await test.close();
    test = await openMirror({ policy: behind });
    test.upstream.add('library/app', first, '1');
    await pull();
    test.pass(5 * minute);
    expect(await pull()).toMatchObject({ provenance: { kind: 'revalidated' } });
  });

  it('is served with a Warning after the check failed', async () => {
    test.pass(5 * minute);
    test.upstream.failure = down;
    expect(await pull()).toMatchObject(old);
    await test.settled();
    const stale = { kind: 'stale', reason: down.message };
    expect(await pull()).toMatchObject({ digest: first.manifest.digest, provenance: stale });
    // Once the failure is over, the upstream is asked before the answer.
    test.upstream.failure = undefined;
    test.upstream.add('library/app', second, '1');
    test.pass(10 * minute);
    expect(await pull()).toMatchObject({ digest: second.manifest.digest });
    await test.fill();
    test.pass(5 * minute);
    expect(await pull()).toMatchObject({ provenance: { kind: 'revalidating' } });
  });

  it('is confirmed first if it moved and the new manifest could not be fetched', async () => {
    test.upstream.add('library/app', { manifest: second.manifest }, '1');
    const limited = new UpstreamError('limited', 'no pulls left', { status: 429 });
    test.upstream.getManifest = () => Promise.reject(limited);
    test.pass(5 * minute);
    expect(await pull()).toMatchObject(old);
    await test.settled();
    expect(await pull()).toMatchObject({
      digest: first.manifest.digest,
      provenance: { kind: 'stale' },
    });
  });

  it('is served so again whenever its time is up', async () => {
    for (const _ of [1, 2]) {
      test.pass(5 * minute);
      expect(await pull()).toMatchObject(old);
      await test.settled();
    }
  });

  it('is confirmed first after a check that failed for this tag alone, until a refresh succeeds', async () => {
    const get = test.upstream.getManifest.bind(test.upstream);
    test.upstream.getManifest = async () => ({ kind: 'absent' });
    test.upstream.add('library/app', second, '1');
    test.pass(5 * minute);
    expect(await pull()).toMatchObject(old);
    await test.settled();
    expect(await pull()).toMatchObject({ provenance: { kind: 'stale' } });
    test.upstream.getManifest = get;
    await test.mirror.refresh(repository, '1');
    await test.fill();
    test.pass(5 * minute);
    expect(await pull()).toMatchObject({ provenance: { kind: 'revalidating' } });
  });

  it('is not served any more while its check hangs: clients wait for that as usual', async () => {
    test.pass(5 * minute);
    const answer = holdAnswers();
    expect(await pull()).toMatchObject(old);
    test.pass(2_000);
    expect(await pull()).toMatchObject(old);
    test.pass(1);
    const waiting = pull();
    answer();
    expect(await waiting).toMatchObject({ provenance: { kind: 'revalidated' } });
    expect(test.upstream.asked).toEqual([head]);
  });
});

it('by default a tag past its TTL is confirmed first', async () => {
  await test.close();
  test = await openMirror();
  test.upstream.add('library/app', first, '1');
  await pull();
  await test.fill();
  test.pass(5 * minute);
  expect(await pull()).toMatchObject({ provenance: { kind: 'revalidated' } });
});
