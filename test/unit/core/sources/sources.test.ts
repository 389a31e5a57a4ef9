import { beforeEach, expect, test } from 'vitest';
import type { MirrorEvent } from '../../../../functions/core/ports/event.ts';
import type { MirroredUpstream } from '../../../../functions/core/sources/mirrored-upstream.ts';
import { Sources } from '../../../../functions/core/sources/sources.ts';
import { makeImage } from '../../../standins/images/image.ts';
import { randomLayer } from '../../../standins/images/layer.ts';
import { defaultPolicy } from '../mirror/mirror-over-store.ts';
import { known, ScriptedUpstream } from '../mirror/scripted-upstream.ts';
import { memoryBudgets } from './budget/memory-budgets.ts';

const repository = { registry: 'docker.io', name: 'library/app' };
const image = makeImage({ layers: [randomLayer('sources', 100)] });
const byDigest = { kind: 'digest', digest: known(image.manifest.digest) } as const;
const alternates = { entries: ['mirror.test'], forUnseenTags: false, onlyPublic: false };

let hub: ScriptedUpstream;
let mirror: ScriptedUpstream;
let events: MirrorEvent[];
let recalled: string[];
let isPublic: boolean;

beforeEach(() => {
  [hub, mirror] = [new ScriptedUpstream('docker.io'), new ScriptedUpstream('mirror.test')];
  for (const one of [hub, mirror]) one.add(repository.name, image, '1');
  [events, recalled, isPublic] = [[], [], false];
});

/** The sources of upstreams, by their registries. */
function sourcesOf(upstreams: Record<string, Partial<MirroredUpstream>>) {
  const all = Object.entries(upstreams).map(([registry, more]) => {
    const upstream = registry === 'docker.io' ? hub : mirror;
    return [registry, { upstream, policy: defaultPolicy, ...more }] as const;
  });
  const observe = (event: MirrorEvent) => void events.push(event);
  const runtime = { now: () => 1_000_000, observe, waitUntil: () => undefined, random: () => 0 };
  const access = {
    isPublic: () => isPublic,
    recall: async ({ name }: { name: string }) => void recalled.push(name),
  };
  return new Sources(new Map(all), runtime, memoryBudgets(runtime), access);
}

test('a registry is there with its policy, unless it is only an alternate', () => {
  const sources = sourcesOf({ 'docker.io': {}, 'mirror.test': { isHidden: true } });
  expect(['docker.io', 'mirror.test'].map((one) => sources.has(one))).toEqual([true, false]);
  expect([...sources.policies]).toEqual([['docker.io', defaultPolicy]]);
  expect(() => sources.of({ ...repository, registry: 'ghcr.io' })).toThrow(
    'unknown registry ghcr.io',
  );
});

test('an upstream that is removed still serves requests that began before', async () => {
  const sources = sourcesOf({ 'docker.io': {} });
  sources.replace(new Map());
  expect(sources.has('docker.io')).toBe(false);
  expect((await sources.of(repository).headManifest(byDigest)).kind).toBe('found');
});

test('a registry without alternates has none', () => {
  const without = { ...alternates, entries: [] };
  for (const more of [{}, { alternates: without }]) {
    expect(sourcesOf({ 'docker.io': more }).of(repository).alternates).toBeUndefined();
  }
});

test('a registry that fails is replaced by its alternate, which has none itself', async () => {
  const sources = sourcesOf({
    'docker.io': { alternates },
    'mirror.test': { alternates: { ...alternates, entries: ['docker.io'] } },
  });
  hub.getManifest = () => Promise.reject(new Error('down'));
  const source = sources.of(repository);
  const named = async () => true;
  expect(await source.getManifest(byDigest, named)).toMatchObject({ kind: 'found' });
  expect(mirror.count('GET manifest')).toBe(1);
  expect(events.find(({ kind }) => kind === 'alternate-used')).toMatchObject({
    registry: 'docker.io',
    alternate: 'mirror.test',
  });
});

test('an alternate without a client is not asked', async () => {
  const sources = sourcesOf({ 'docker.io': { alternates } });
  hub.getManifest = () => Promise.reject(new Error('down'));
  const source = sources.of(repository);
  await expect(source.getManifest(byDigest, async () => true)).rejects.toThrow('docker.io failed');
  expect(mirror.asked).toEqual([]);
});

test('with accounts, only public repositories have alternates', () => {
  const sources = sourcesOf({ 'docker.io': { alternates: { ...alternates, onlyPublic: true } } });
  expect(sources.of(repository).alternates).toBeUndefined();
  isPublic = true;
  expect(sources.of(repository).alternates).toBeDefined();
});

test('a fill recalls whether a repository is public only where that matters', async () => {
  const onlyPublic = { alternates: { ...alternates, onlyPublic: true } };
  await sourcesOf({ 'docker.io': {} }).recallPublic(repository);
  await sourcesOf({ 'docker.io': { alternates } }).recallPublic(repository);
  await sourcesOf({}).recallPublic(repository);
  expect(recalled).toEqual([]);
  await sourcesOf({ 'docker.io': onlyPublic }).recallPublic(repository);
  isPublic = true;
  await sourcesOf({ 'docker.io': onlyPublic }).recallPublic(repository);
  expect(recalled).toEqual([repository.name]);
});

test('an upstream without budgets gets one, which its requests count against', async () => {
  const sources = sourcesOf({ 'docker.io': {} });
  await sources.of(repository).getManifest(byDigest);
  expect(await sources.budgets()).toMatchObject([
    { registry: 'docker.io', repositories: [{ name: repository.name, pulls: 1 }] },
  ]);
});

test('an upstream with budgets is used as it is', async () => {
  const sources = sourcesOf({ 'docker.io': { budgets: [] } });
  await sources.of(repository).getManifest(byDigest);
  expect(await sources.budgets()).toEqual([]);
});

test('a client that commits, and its signal, are those of the request', () => {
  const sources = sourcesOf({ 'docker.io': {} });
  const { signal } = new AbortController();
  expect(sources.of(repository)).toMatchObject({ commits: false, isBackground: false });
  const source = sources.of(repository, { isBackground: true, signal }, true);
  expect([source.commits, source.isBackground, source.signal]).toEqual([true, true, signal]);
});

test('who may read a registry', () => {
  const access = { anonymous: undefined } as never;
  const sources = sourcesOf({ 'docker.io': { access }, 'mirror.test': {} });
  const rules = ['docker.io', 'mirror.test', 'ghcr.io'].map((one) => sources.accessOf(one));
  expect(rules).toEqual([access, undefined, undefined]);
});
