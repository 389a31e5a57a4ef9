import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UpstreamError } from '../../../../../functions/core/ports/upstream-error.ts';
import type { Cooldown, TagRule } from '../../../../../functions/core/tag-policy/tag-rule.ts';
import { makeImage } from '../../../../standins/images/image.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { madeRule } from '../../tag-policy/made-rule.ts';
import { type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';
import { known } from '../scripted-upstream.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const images = ['first', 'second', 'third'].map((name) =>
  makeImage({ layers: [randomLayer(name, 5000)] }),
);
const [first, second, third] = images as [
  (typeof images)[0],
  (typeof images)[0],
  (typeof images)[0],
];
const named = { repository: { registry: 'docker.io', name: 'library/app' }, tag: '1' };
const ann = { by: 'ann', why: 'the new one breaks builds' };

let test: MirrorUnderTest;

afterEach(() => test.close());

const rule = (differences: Partial<TagRule>) => madeRule('library/**', differences);

function cooldown(differences: Partial<Cooldown> = {}, mode: TagRule['mode'] = 'enforce') {
  const usual = { age: day, first: 'allow', fast: 'stay', strict: false, clock: 'first-seen' };
  return rule({ mode, cooldown: { ...usual, ...differences } as Cooldown });
}

async function open(...tags: TagRule[]) {
  test = await openMirror({ policy: { tags, asOf: true } });
  test.upstream.add('library/app', first, '1');
}

/** Has the tag name another image upstream. */
function move(image: (typeof images)[0]) {
  test.upstream.add('library/app', image, '1');
}

/** A pull after the time, with its fills. */
async function pullAfter(milliseconds: number) {
  test.pass(milliseconds);
  const outcome = await test.tag('library/app', '1');
  await test.fill();
  await test.settled();
  return outcome;
}

describe('a cooldown that is enforced', () => {
  beforeEach(() => open(cooldown()));

  it('serves a new tag at once, and says that it is young', async () => {
    expect(await pullAfter(0)).toMatchObject({
      kind: 'found',
      digest: first.manifest.digest,
      policy: { kind: 'none-mature', newest: first.manifest.digest },
    });
  });

  it('serves the last mature digest of a tag that moved, without a pull of the new one', async () => {
    await pullAfter(0);
    await pullAfter(day);
    move(second);
    test.upstream.asked.length = 0;
    expect(await pullAfter(hour)).toMatchObject({
      kind: 'found',
      digest: first.manifest.digest,
      policy: { kind: 'cooling', newest: second.manifest.digest },
    });
    expect(test.upstream.asked.filter((one) => one.startsWith('GET'))).toEqual([]);
    expect(await pullAfter(day - 1)).toMatchObject({ digest: first.manifest.digest });
    const released = await pullAfter(5 * minute);
    expect(released).toMatchObject({ digest: second.manifest.digest });
    expect(released).not.toHaveProperty('policy');
  });

  it('remembers the mature digest after a restart and while the registry fails', async () => {
    await pullAfter(0);
    await pullAfter(day);
    move(second);
    await pullAfter(hour);
    test.restart();
    test.upstream.failure = new UpstreamError('timeout', 'docker.io is down');
    expect(await pullAfter(hour)).toMatchObject({
      kind: 'found',
      digest: first.manifest.digest,
      provenance: { kind: 'stale' },
      policy: { kind: 'cooling' },
    });
  });

  it('never serves a digest that was withdrawn before the end of its cooldown', async () => {
    await pullAfter(0);
    await pullAfter(day);
    move(second);
    await pullAfter(hour);
    move(third);
    await pullAfter(hour);
    expect(await pullAfter(hour)).toMatchObject({ digest: first.manifest.digest });
    expect(await pullAfter(day)).toMatchObject({ digest: third.manifest.digest });
  });

  it('serves the newest if the mature one is neither complete here nor upstream', async () => {
    await pullAfter(0);
    await pullAfter(day);
    move(second);
    await pullAfter(hour);
    test.upstream.removeTag('library/app', first.manifest.digest);
    const { repository } = named;
    await test.store.manifests.removeManifest(repository, known(first.manifest.digest));
    test.restart();
    expect(await pullAfter(hour)).toMatchObject({
      kind: 'found',
      digest: second.manifest.digest,
      policy: { kind: 'cooling' },
    });
  });

  it('lets a digest pass that a person released, and says who in the audit log', async () => {
    await pullAfter(0);
    await pullAfter(day);
    move(second);
    await pullAfter(hour);
    await test.mirror.tags.bypass(named, known(second.manifest.digest), ann);
    expect(await pullAfter(0)).toMatchObject({
      digest: second.manifest.digest,
      policy: { kind: 'bypassed', by: 'ann' },
    });
    const audit = await test.store.manifests.listAuditEntries({ limit: 10, before: undefined });
    expect(audit.entries).toMatchObject([
      { action: 'bypass', by: 'ann', digest: second.manifest.digest },
    ]);
  });
});

describe('a cooldown that refuses what is too young', () => {
  it('holds a tag until a digest is old enough, without a pull', async () => {
    await open(cooldown({ first: 'refuse' }));
    expect(await pullAfter(0)).toMatchObject({ kind: 'held', policy: { kind: 'none-mature' } });
    expect(test.upstream.asked.filter((one) => one.startsWith('GET'))).toEqual([]);
    expect(await pullAfter(day)).toMatchObject({ kind: 'found', digest: first.manifest.digest });
  });
});

describe('a cooldown of a tag that never moves', () => {
  it('ends: the tag is confirmed until its digest is old enough, and then no more', async () => {
    const policy = { tags: [cooldown()], immutableTags: [/^1$/] };
    test = await openMirror({ policy });
    test.upstream.add('library/app', first, '1');
    await pullAfter(0);
    expect(await pullAfter(hour)).toMatchObject({ policy: { kind: 'none-mature' } });
    expect(await pullAfter(day)).not.toHaveProperty('policy');
    test.upstream.asked.length = 0;
    expect(await pullAfter(day)).toMatchObject({ digest: first.manifest.digest });
    expect(test.upstream.asked).toEqual([]);
  });
});

describe('a cooldown that observes', () => {
  it('serves as before, and reports what it would have held', async () => {
    await open(cooldown({ first: 'refuse' }, 'observe'));
    await pullAfter(0);
    await pullAfter(day);
    move(second);
    const outcome = await pullAfter(hour);
    expect(outcome).toMatchObject({ kind: 'found', digest: second.manifest.digest });
    expect(outcome).not.toHaveProperty('policy');
    const reported = test.events.filter((event) => event.kind === 'tag-policy');
    expect(reported.at(-1)).toMatchObject({
      mode: 'observe',
      reason: { kind: 'cooling', newest: second.manifest.digest },
    });
  });
});

describe('a frozen tag', () => {
  it('keeps the digest that a rule saw first, on every instance', async () => {
    await open(rule({ freeze: true }));
    await pullAfter(0);
    move(second);
    expect(await pullAfter(hour)).toMatchObject({
      digest: first.manifest.digest,
      policy: { kind: 'frozen-by-rule' },
    });
    const other = test.another();
    const { repository } = named;
    const reference = { kind: 'tag', tag: '1' } as const;
    expect(await other.repository(repository).resolveManifest(reference, 'GET')).toMatchObject({
      digest: first.manifest.digest,
    });
    // The upstream is still observed.
    expect((await test.mirror.tags.history(named)).map(({ digest }) => digest)).toEqual([
      second.manifest.digest,
      first.manifest.digest,
    ]);
  });

  it('by a person ends when it says, or when they thaw it', async () => {
    await open();
    await pullAfter(0);
    await test.mirror.tags.freeze(named, { ...ann, until: test.now() + 2 * hour });
    move(second);
    expect(await pullAfter(hour)).toMatchObject({
      digest: first.manifest.digest,
      policy: { kind: 'frozen', by: 'ann' },
    });
    expect(await pullAfter(hour)).toMatchObject({ digest: second.manifest.digest });
  });

  it('is served while its registry is down', async () => {
    await open();
    await pullAfter(0);
    await test.mirror.tags.freeze(named, ann);
    test.upstream.failure = new UpstreamError('timeout', 'docker.io is down');
    test.restart();
    expect(await pullAfter(40 * day)).toMatchObject({
      kind: 'found',
      digest: first.manifest.digest,
    });
  });
});

describe('a tag that was rolled back', () => {
  it('names the digest before, until it is thawed', async () => {
    await open();
    await pullAfter(0);
    move(second);
    await pullAfter(hour);
    await test.mirror.tags.rollBack(named, ann);
    expect(await pullAfter(0)).toMatchObject({
      digest: first.manifest.digest,
      policy: { kind: 'rolled-back', by: 'ann', why: ann.why },
    });
    await test.mirror.tags.thaw(named, ann);
    expect(await pullAfter(0)).toMatchObject({ digest: second.manifest.digest });
  });

  it('is refused if it never named another digest', async () => {
    await open();
    await pullAfter(0);
    await expect(test.mirror.tags.rollBack(named, ann)).rejects.toThrow('no other digest');
    await expect(test.mirror.tags.thaw(named, ann)).rejects.toThrow('neither frozen');
  });
});

describe('a tag with a date', () => {
  it('names what the tag named then, and is never requested upstream', async () => {
    await open();
    await pullAfter(Date.parse('2026-11-01T10:00:00Z') - test.now());
    move(second);
    await pullAfter(2 * day);
    test.upstream.asked.length = 0;
    const tag = (text: string) => test.tag('library/app', text);
    expect(await tag('1--as-of-20261102')).toMatchObject({
      digest: first.manifest.digest,
      policy: { kind: 'as-of' },
    });
    expect(await tag('1--as-of-20261103')).toMatchObject({ digest: second.manifest.digest });
    expect(await tag('1--as-of-20261031')).toMatchObject({
      kind: 'refused',
      policy: { kind: 'unknown-date', earliest: Date.parse('2026-11-01T10:00:00Z') },
    });
    expect(await tag('1--as-of-20260231')).toMatchObject({ kind: 'refused' });
    expect(test.upstream.asked).toEqual([]);
  });
});

describe('a tag with a date of a registry with an account', () => {
  it('is for clients who may read the tag', async () => {
    test = await openMirror({ policy: { asOf: true }, isPublicOnly: true });
    test.upstream.add('library/app', first, '1');
    await pullAfter(0);
    test.pass(8 * day);
    test.restart();
    test.upstream.asked.length = 0;
    const [today = ''] = new Date(test.now()).toISOString().replaceAll('-', '').split('T');
    expect(await test.tag('library/app', `1--as-of-${today}`)).toMatchObject({ kind: 'found' });
    expect(test.upstream.asked).not.toContainEqual(expect.stringContaining('as-of'));
  });
});

describe('a tag that a rule denies', () => {
  it('is refused, and not requested upstream', async () => {
    await open(rule({ access: 'deny' }));
    expect(await pullAfter(0)).toMatchObject({ kind: 'refused', policy: { kind: 'denied' } });
    expect(test.upstream.asked).toEqual([]);
  });

  it('is served while the rule observes', async () => {
    await open(rule({ access: 'deny', mode: 'observe' }));
    const outcome = await pullAfter(0);
    expect(outcome.kind).toBe('found');
    expect(outcome).not.toHaveProperty('policy');
    expect(test.events.filter((event) => event.kind === 'tag-policy')).toMatchObject([
      { mode: 'observe', reason: { kind: 'denied' } },
    ]);
  });
});
