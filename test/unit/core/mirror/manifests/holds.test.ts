import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { passThroughAll } from '../../../../../functions/core/mirror/blobs/background-fill.ts';
import type { RunningMirror } from '../../../../../functions/core/mirror/create-mirror.ts';
import { UpstreamError } from '../../../../../functions/core/ports/upstream-error.ts';
import { makeImage } from '../../../../standins/images/image.ts';
import { makeIndex } from '../../../../standins/images/image-index.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { type Differences, type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';
import { known } from '../scripted-upstream.ts';

const second = 1_000;
const name = 'library/app';
const amd64 = makeImage({ layers: [randomLayer('amd64', 5000)] });
const arm64 = makeImage({ layers: [randomLayer('arm64', 5000)] });
const index = makeIndex([
  { item: amd64, platform: 'linux/amd64' },
  { item: arm64, platform: 'linux/arm64' },
]);
/** A manifest that is not in the index. */
const elsewhere = makeImage({ layers: [randomLayer('s390x', 100)] }).manifest.digest;
const layer = amd64.layers[0]?.digest ?? '';
const cdn = { role: 'blob-host', host: 'cdn.example' } as const;
const blocked = new UpstreamError('unreachable', 'no connection to cdn.example', { answerer: cdn });
const limited = new UpstreamError('limited', 'docker.io: status 429', {
  answerer: { role: 'registry', host: 'docker.io' },
});

let test: MirrorUnderTest;

async function open(differences: Differences = {}): Promise<void> {
  await test?.close();
  test = await openMirror(differences);
  test.upstream.add(name, amd64, 'one');
  test.upstream.add(name, arm64);
  test.upstream.add(name, index, 'all');
}

beforeEach(() => open());
afterEach(() => test.close());

/** A request of podman and others, which do not fall back after the first manifest. */
async function committed(reference: string, mirror: RunningMirror = test.mirror) {
  const isDigest = reference.startsWith('sha256:');
  const outcome = await mirror
    .repository({ registry: 'docker.io', name }, undefined, true)
    .resolveManifest(
      isDigest ? { kind: 'digest', digest: known(reference) } : { kind: 'tag', tag: reference },
      'GET',
      false,
    );
  return outcome.kind;
}

const kindOf = async (tag: string) => (await test.tag(name, tag)).kind;

/** No blob can be had, while manifests can. */
function block(): () => void {
  const { openBlob, asked } = test.upstream;
  test.upstream.openBlob = async (remote, digest) => {
    asked.push(`GET blob ${remote.name}@${digest}`);
    throw blocked;
  };
  return () => {
    test.upstream.openBlob = openBlob;
  };
}

/** Manifests cannot be had by GET, as when Docker Hub's limit is reached. */
function limit(): void {
  test.upstream.getManifest = async () => {
    throw limited;
  };
}

describe('an image whose blobs cannot be had', () => {
  beforeEach(async () => {
    expect(await kindOf('one')).toBe('found');
  });

  it('is refused for a minute, then twice as long each time, up to fifteen', async () => {
    block();
    await test.blob(name, layer);
    for (const seconds of [60, 120, 240, 480, 900, 900]) {
      test.queued.splice(0);
      expect(await kindOf('one')).toBe('unobtainable');
      const opened = () => test.upstream.count('GET blob');
      test.pass((seconds - 1) * second);
      const before = opened();
      expect(await kindOf('one')).toBe('unobtainable');
      expect(opened()).toBe(before);
      test.pass(second);
    }
  });

  it('is still refused after a restart, and for as long as before', async () => {
    block();
    await test.blob(name, layer);
    test.pass(60 * second);
    expect(await kindOf('one')).toBe('unobtainable');
    await test.settled();
    test.restart();
    block();
    const before = test.upstream.count('GET blob');
    test.pass(119 * second);
    expect(await kindOf('one')).toBe('unobtainable');
    expect(test.upstream.count('GET blob')).toBe(before);
    test.pass(second);
    expect(await kindOf('one')).toBe('unobtainable');
    test.pass(239 * second);
    expect(await kindOf('one')).toBe('unobtainable');
  });

  it('is served again once a probe of the blob succeeds', async () => {
    const unblock = block();
    await test.blob(name, layer);
    unblock();
    expect(await kindOf('one')).toBe('unobtainable');
    test.pass(60 * second);
    test.upstream.asked.length = 0;
    expect(await kindOf('one')).toBe('found');
    expect(await kindOf('one')).toBe('found');
    expect(test.upstream.count(`GET blob ${name}@${layer}`)).toBe(1);
  });

  it('is not served because the registry redirects to a host that is not reached', async () => {
    test.upstream.redirects = true;
    block();
    await test.blob(name, layer);
    test.pass(60 * second);
    expect(await kindOf('one')).toBe('unobtainable');
    expect(test.upstream.count('LOCATE')).toBe(0);
  });

  it('is served again as soon as it is complete', async () => {
    const unblock = block();
    await test.blob(name, layer);
    unblock();
    await test.fill();
    expect(await kindOf('one')).toBe('found');
  });

  it.each(['absent', 'denied'] as const)('is refused as well if they are %s', async (kind) => {
    test.upstream.openBlob = async () => ({ kind });
    await test.blob(name, layer);
    expect(await kindOf('one')).toBe('unobtainable');
  });

  it('is refused as well if they are absent where other instances fill', async () => {
    await open({ missingBlobs: passThroughAll });
    await test.tag(name, 'one');
    test.upstream.openBlob = async () => ({ kind: 'absent' });
    expect(await test.blob(name, layer)).toEqual({ kind: 'absent' });
    expect(await kindOf('one')).toBe('unobtainable');
  });

  it('is refused when only its background fill failed', async () => {
    block();
    await test.fill();
    expect(await kindOf('one')).toBe('unobtainable');
  });

  it('is refused by way of its index', async () => {
    expect(await kindOf('all')).toBe('found');
    block();
    await test.fill();
    expect(await kindOf('all')).toBe('unobtainable');
    expect(await committed('all')).toBe('unobtainable');
  });

  it('is refused by other instances, too', async () => {
    await open({ missingBlobs: passThroughAll });
    await test.tag(name, 'one');
    const other = test.another();
    block();
    await test.blob(name, layer);
    await test.settled();
    expect(await committed('one', other)).toBe('unobtainable');
  });

  it('is served where clients go to the blob host themselves', async () => {
    await open({ policy: { delivery: 'redirect' } });
    test.upstream.redirects = true;
    await test.tag(name, 'one');
    block();
    await test.fill();
    expect(await kindOf('one')).toBe('found');
    expect((await test.blob(name, layer)).kind).toBe('redirect');
  });
});

describe('an index, for a client that does not fall back', () => {
  /** One platform is complete. */
  beforeEach(async () => {
    await test.tag(name, 'all');
    await test.manifest(name, amd64.manifest.digest);
    await test.fill();
    expect(await committed('all')).toBe('found');
  });

  it('is refused for a minute after one of its manifests could not be had', async () => {
    limit();
    expect(await committed(arm64.manifest.digest)).toBe('unobtainable');
    for (const reference of ['all', index.manifest.digest]) {
      expect(await committed(reference)).toBe('unobtainable');
      expect((await test.tag(name, 'all')).kind).toBe('found');
    }
    test.pass(60 * second);
    expect(await committed('all')).toBe('found');
  });

  it('is refused for a minute after the registry refused one of its manifests', async () => {
    const store = vi.spyOn(test.store.manifests, 'putHold');
    test.upstream.getManifest = async () => ({ kind: 'absent' });
    expect(await committed(arm64.manifest.digest)).toBe('absent');
    expect(await committed('all')).toBe('unobtainable');
    // Clients choose the digests.
    expect(store).not.toHaveBeenCalled();
    test.pass(60 * second);
    expect(await committed('all')).toBe('found');
  });

  it('is refused for a minute again when that happens again, and not for longer', async () => {
    await test.manifest(name, amd64.manifest.digest);
    for (let round = 0; round < 3; round++) {
      test.upstream.failure = limited;
      expect(await committed(arm64.manifest.digest)).toBe('unobtainable');
      test.upstream.failure = undefined;
      test.pass(59 * second);
      expect(await committed('all')).toBe('unobtainable');
      test.pass(second);
      expect(await committed('all')).toBe('found');
    }
  });

  it('is refused as long as no manifest can be pulled, if one that was requested is not here', async () => {
    limit();
    expect(await committed(arm64.manifest.digest)).toBe('unobtainable');
    for (let minutes = 0; minutes < 3; minutes++) {
      test.pass(59 * second);
      await test.manifest(name, elsewhere);
      // Docker Hub answers HEADs meanwhile.
      await test.tag(name, 'never-seen');
      expect(await committed('all')).toBe('unobtainable');
      expect(await kindOf('all')).toBe('found');
    }
  });

  it('is served while no manifest can be pulled, if all that were requested are complete', async () => {
    limit();
    await test.manifest(name, elsewhere);
    await test.tag(name, 'never-seen');
    expect(await committed('all')).toBe('found');
    expect(await committed(amd64.manifest.digest)).toBe('found');
  });

  it('says of a manifest that cannot be had whether the client has its index', async () => {
    limit();
    const digest = known(arm64.manifest.digest);
    const outcome = (commits: boolean) =>
      test.mirror
        .repository({ registry: 'docker.io', name }, undefined, commits)
        .resolveManifest({ kind: 'digest', digest }, 'GET', false);
    expect(await outcome(true)).toMatchObject({ kind: 'unobtainable', hasIndex: true });
    expect(await outcome(false)).toMatchObject({ kind: 'unobtainable', hasIndex: false });
    test.restart();
    expect(await outcome(true)).toMatchObject({ kind: 'unobtainable', hasIndex: false });
  });

  it('is refused while stale if a manifest that was requested is not complete', async () => {
    const unblock = block();
    await test.manifest(name, arm64.manifest.digest);
    unblock();
    test.queued.splice(0);
    test.pass(400 * second);
    test.upstream.failure = limited;
    expect(await committed('all')).toBe('unobtainable');
    expect(await kindOf('all')).toBe('found');
  });

  it('is served stale if all that was requested is complete', async () => {
    test.pass(400 * second);
    test.upstream.failure = limited;
    expect(await committed('all')).toBe('found');
    expect(await committed(index.manifest.digest)).toBe('found');
  });

  it('is refused while stale, for longer, after a manifest could not be had', async () => {
    test.pass(400 * second);
    test.upstream.failure = limited;
    expect(await committed('all')).toBe('found');
    expect(await committed(arm64.manifest.digest)).toBe('unobtainable');
    test.pass(120 * second);
    expect(await committed('all')).toBe('unobtainable');
    test.upstream.failure = undefined;
    test.pass(60 * second);
    expect(await committed('all')).toBe('found');
  });

  it('is refused by other instances, too', async () => {
    await open({ missingBlobs: passThroughAll });
    await test.tag(name, 'all');
    await test.manifest(name, amd64.manifest.digest);
    await test.fill();
    const other = test.another();
    limit();
    expect(await committed(arm64.manifest.digest, other)).toBe('unobtainable');
    await test.settled();
    expect(await committed('all')).toBe('unobtainable');
  });
});
