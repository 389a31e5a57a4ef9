import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createUpstream } from '../../../../functions/core/upstream/client.ts';
import { openConnections } from '../../../../functions/node/http-client.ts';
import { withoutWaiting } from '../../../fake-timers.ts';
import { makeImage } from '../../../standins/images/image.ts';
import { randomLayer } from '../../../standins/images/layer.ts';
import type { Fault, FaultAction } from '../../../standins/registry/faults.ts';
import { startUpstream, type Upstream } from '../../../standins/registry/upstream.ts';
import { type MirrorUnderTest, openMirror } from '../mirror/mirror-over-store.ts';

const minute = 60_000;
/** Less than the two seconds for which a client with a copy waits. In ms. */
const headersTimeout = 1_500;
const image = makeImage({ layers: [randomLayer('old', 2000)] });
const moved = makeImage({ layers: [randomLayer('new', 2000)] });
const layer = image.layers[0]?.digest ?? '';

let upstream: Upstream;
let test: MirrorUnderTest;
let connections: ReturnType<typeof openConnections>;

/** Opens a mirror of the stand-in by the real client. Tokens outlive what the clock passes here. */
async function open(settings: Parameters<typeof startUpstream>[0] = {}) {
  upstream = await startUpstream({ tokenSeconds: 3600, ...settings });
  connections = openConnections({});
  const url = new URL(upstream.url);
  test = await openMirror({
    client: (now) =>
      createUpstream(
        { registry: 'docker.io', url, userAgent: 'pullfront/0', headersTimeout },
        { fetch: connections.fetch, now, observe: () => undefined },
      ),
  });
}

/** Images that are stored whole, with tags that are out of date. */
async function mirrored(...names: string[]) {
  for (const name of names) {
    upstream.add(name, image, '1');
    await test.tag(name, '1');
    await test.fill();
  }
  test.pass(5 * minute);
  upstream.clear();
}

beforeEach(() => open({ auth: 'anonymous', realm: 'own' }));

afterEach(async () => {
  await test.close();
  await connections.close();
  await upstream.close();
});

/** How a tag is answered, and whether the upstream was asked for it. */
async function seen(name: string) {
  const before = upstream.count({ kind: 'manifest', repository: name });
  const outcome = await test.tag(name, '1');
  const isAsked = upstream.count({ kind: 'manifest', repository: name }) > before;
  const how = outcome.kind === 'found' ? outcome.provenance.kind : outcome.kind;
  return `${how}, ${isAsked ? 'asked' : 'not asked'}`;
}

/** Asks while something fails. A silence is over as soon as the upstream was asked. */
function failing<Outcome>(
  { on, do: { kind } }: Pick<Fault, 'on' | 'do'>,
  ask: () => Promise<Outcome>,
): Promise<Outcome> {
  if (kind !== 'silence') return ask();
  let before = upstream.count({ kind: on });
  return withoutWaiting(ask, () => {
    const asked = upstream.count({ kind: on });
    if (asked > before) vi.advanceTimersByTime(headersTimeout);
    before = asked;
  });
}

const live = 'revalidated, asked';
const alone = 'stale, not asked';

interface Expected {
  /** Of the repository whose answer it was. */
  readonly a: string;
  /** Of another. */
  readonly b: string;
  /** After how long it is over, in ms. */
  readonly life?: number;
}

const itself = { a: alone, b: live } as const;
const registry = { a: alone, b: alone } as const;
/** A limit is tried after a minute, or a fifth more. */
const limited = { ...registry, life: 72_000 } as const;
const nobody = { a: live, b: live } as const;

const status = (code: number, headers = {}): FaultAction => ({
  kind: 'status',
  status: code,
  headers,
});

const ofA = 'library/a';

describe('an answer about library/a: does the mirror back off from it, and from others?', () => {
  it.each<[string, Omit<Fault, 'times'>, Expected]>([
    ['manifest: 400', { on: 'manifest', match: ofA, do: status(400) }, itself],
    ['manifest: 451', { on: 'manifest', match: ofA, do: status(451) }, itself],
    ['manifest: 500', { on: 'manifest', match: ofA, do: status(500) }, itself],
    ['manifest: 503', { on: 'manifest', match: ofA, do: status(503) }, itself],
    ['manifest: 429', { on: 'manifest', match: ofA, do: status(429) }, limited],
    ['manifest: the connection ends', { on: 'manifest', do: { kind: 'hang-up' } }, registry],
    ['manifest: silence', { on: 'manifest', do: { kind: 'silence' } }, registry],
    ['manifest: no HTTP', { on: 'manifest', do: { kind: 'raw', text: 'Sorry\n\n' } }, limited],
  ])('%s', async (_, fault, { a, b, life = 5_000 }) => {
    await mirrored('library/a', 'library/b');
    upstream.fail(fault);
    expect(await failing(fault, () => seen('library/a'))).toBe('stale, asked');
    upstream.set({ faults: [] });
    expect(await seen('library/a')).toBe(a);
    expect(await seen('library/b')).toBe(b);
    test.pass(life);
    expect(await seen('library/a')).toBe(live);
  });

  it('manifest: 503 with Retry-After: 60', async () => {
    await mirrored('library/a', 'library/b');
    upstream.fail({ on: 'manifest', match: ofA, do: status(503, { 'retry-after': '60' }) });
    await seen('library/a');
    upstream.set({ faults: [] });
    test.pass(59_999);
    expect(await seen('library/a')).toBe(alone);
    expect(await seen('library/b')).toBe(live);
    test.pass(1);
    expect(await seen('library/a')).toBe(live);
  });

  it.each<[string, FaultAction, Expected]>([
    ['ends early', { kind: 'truncate', after: 20 }, itself],
    ['500', status(500), itself],
    ['429', status(429), registry],
  ])('a moved tag, GET of its manifest: %s', async (_, action, { a, b }) => {
    await mirrored('library/a', 'library/b');
    upstream.add('library/a', moved, '1');
    upstream.fail({ on: 'manifest', method: 'GET', match: ofA, do: action });
    expect(await seen('library/a')).toBe('stale, asked');
    expect(await seen('library/a')).toBe(a);
    expect(await seen('library/b')).toBe(b);
  });

  it.each<[string, FaultAction, Expected]>([
    ['404', status(404), itself],
    ['400', status(400), itself],
    ['500', status(500), itself],
    ['a web page', status(200), nobody],
  ])('a token for it: %s', async (_, action, { a, b }) => {
    await mirrored('library/a', 'library/b');
    upstream.revokeTokens();
    upstream.fail({ on: 'token', match: ofA, do: action });
    expect(await seen('library/a')).toBe('stale, asked');
    upstream.set({ faults: [] });
    expect(await seen('library/a')).toBe(a);
    expect(await seen('library/b')).toBe(b);
  });

  it.each<[string, Fault, Expected]>([
    ['the registry: 503', { on: 'blob', match: ofA, do: status(503) }, itself],
    ['the registry: 429', { on: 'blob', match: ofA, do: status(429) }, registry],
    ['the registry: no answer', { on: 'blob', do: { kind: 'hang-up' } }, registry],
    ['where it redirects to: 404', { on: 'cdn', do: status(404) }, nobody],
    ['where it redirects to: 503', { on: 'cdn', do: status(503) }, nobody],
    ['where it redirects to: 429', { on: 'cdn', do: status(429) }, nobody],
    ['where it redirects to: no answer', { on: 'cdn', do: { kind: 'hang-up' } }, nobody],
    ['where it redirects to: silence', { on: 'cdn', do: { kind: 'silence' } }, nobody],
  ])('a layer, %s', async (_, fault, { a, b }) => {
    await mirrored('library/a', 'library/b');
    upstream.add('library/a', moved, 'moved');
    await test.tag('library/a', 'moved');
    upstream.fail(fault);
    const layer = moved.layers[0]?.digest ?? '';
    const blob = await failing(fault, () => test.blob('library/a', layer));
    expect(blob.kind).toBe('unobtainable');
    upstream.set({ faults: [] });
    expect(await seen('library/a')).toBe(a);
    expect(await seen('library/b')).toBe(b);
  });
});

describe('5xx of many repositories', () => {
  const broken = { on: 'manifest', match: 'broken/', do: status(500) } as const;

  it('of three: the registry gets requests only for clients without a copy', async () => {
    await mirrored('library/b');
    upstream.fail(broken);
    for (const name of ['broken/x', 'broken/y']) await seen(name);
    expect(await seen('library/b')).toBe(live);
    test.pass(5 * minute);
    for (const name of ['broken/x', 'broken/y', 'broken/z']) await seen(name);
    expect(await seen('library/b')).toBe(alone);
    upstream.add('library/new', image, '1');
    expect(await seen('library/new')).toBe('miss, asked');
    expect(await seen('library/b')).toBe(live);
  });

  it('of one that a client keeps requesting: nothing else is stale', async () => {
    await mirrored('library/b');
    upstream.fail(broken);
    for (let round = 0; round < 5; round++) {
      expect(await seen('broken/x')).toBe('unobtainable, asked');
      expect(await seen('library/b')).toBe(live);
      test.pass(5 * minute);
    }
  });
});

describe('a repository that answers 500', () => {
  it('serves its own complete image as stale, while others are unaffected', async () => {
    await mirrored('library/a', 'library/b');
    upstream.add('library/a', moved, '1');
    upstream.add('library/b', moved, '1');
    upstream.fail({ on: 'manifest', match: ofA, do: status(500) });
    const stale = { kind: 'found', digest: image.manifest.digest };
    for (const _ of [1, 2]) {
      expect(await test.tag('library/a', '1')).toMatchObject({
        ...stale,
        provenance: { kind: 'stale', reason: 'docker.io: manifest of library/a: status 500' },
      });
    }
    expect(await test.tag('library/b', '1')).toMatchObject({
      kind: 'found',
      digest: moved.manifest.digest,
      provenance: { kind: 'miss' },
    });
    for (const { digest } of [image.config, ...image.layers]) {
      expect((await test.blob('library/a', digest)).kind).toBe('stream');
    }
  });

  it('and has no complete image: only its manifest is refused', async () => {
    for (const name of ['library/a', 'library/b']) {
      upstream.add(name, moved, '1');
      await test.tag(name, '1');
    }
    upstream.fail({ on: 'manifest', match: ofA, do: status(500) });
    test.pass(5 * minute);
    expect(await seen('library/a')).toBe('unobtainable, asked');
    expect((await test.manifest('library/a', moved.manifest.digest)).kind).toBe('unobtainable');
    expect(await seen('library/b')).toBe(live);
    expect((await test.manifest('library/b', moved.manifest.digest)).kind).toBe('found');
  });
});

describe('an unreachable token service', () => {
  it('does not affect repositories that have a token or need none', async () => {
    await mirrored('library/a', 'library/b');
    await upstream.stop('token');
    // Its first request would need a token.
    upstream.add('library/new', image, '1');
    expect(await seen('library/new')).toBe('unobtainable, asked');
    expect(await seen('library/b')).toBe(live);
    upstream.set({ auth: 'none' });
    expect(await seen('library/new')).toBe('miss, asked');
  });

  it('delays no client that needs it and has a copy', async () => {
    await mirrored('library/a', 'library/b');
    upstream.revokeTokens();
    await upstream.stop('token');
    for (const name of ['library/a', 'library/b']) {
      expect(await seen(name)).toBe('stale, asked');
      expect(await seen(name)).toBe(alone);
    }
    await upstream.start('token');
    test.pass(5_000);
    expect(await seen('library/a')).toBe(live);
    expect(await seen('library/b')).toBe(live);
  });
});

describe('an unreachable blob host', () => {
  const tagOfMoved = async () => (await test.tag('library/a', 'moved')).kind;

  it('a manifest whose blobs come from there is refused until they arrive again', async () => {
    await mirrored('library/a', 'library/b');
    upstream.add('library/a', moved, 'moved');
    expect(await tagOfMoved()).toBe('found');
    await upstream.stop('cdn');
    expect((await test.blob('library/a', moved.layers[0]?.digest ?? '')).kind).toBe('unobtainable');
    // podman chooses its endpoint by the manifest, and falls back no more.
    expect(await tagOfMoved()).toBe('unobtainable');
    expect((await test.manifest('library/a', moved.manifest.digest)).kind).toBe('unobtainable');
    expect((await test.manifest('library/a', image.manifest.digest)).kind).toBe('found');
    await upstream.start('cdn');
    test.queued.splice(0);
    const outcome = await test.blob('library/a', moved.config.digest);
    expect(outcome.kind).toBe('stream');
    // What was missing was another blob: it is asked for after a minute.
    expect(await tagOfMoved()).toBe('unobtainable');
    test.pass(60_000);
    expect(await tagOfMoved()).toBe('found');
  });

  it('stored blobs are served', async () => {
    await mirrored('library/a');
    await upstream.stop('cdn');
    expect((await test.blob('library/a', layer)).kind).toBe('stream');
  });
});
