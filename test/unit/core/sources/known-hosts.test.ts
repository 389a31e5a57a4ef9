import { beforeEach, expect, test } from 'vitest';
import { hostKey, KnownHosts, type Place } from '../../../../functions/core/sources/known-hosts.ts';
import { shortWait } from '../../../../functions/core/sources/patience.ts';

const manifests = { role: 'registry', host: 'docker.io', isBlob: false } as Place;
const blobs: Place = { ...manifests, isBlob: true };

let now: number;
let hosts: KnownHosts;

beforeEach(() => {
  now = 1_000_000;
  hosts = new KnownHosts(() => now);
});

function awaited(place: Place, since: number, end: number) {
  const host = hosts.of(place);
  const at = { ...place, remote: undefined } as never;
  const wait = { at, host, since, end, owner: undefined };
  host.waits.add(wait);
  return wait;
}

test('a registry is one under all of its names, other hosts are not', () => {
  const other = { role: 'other-host', host: 'a', isBlob: false } as Place;
  expect(hostKey(manifests)).toBe(hostKey({ ...manifests, host: 'registry-1.docker.io' }));
  expect(hostKey(other)).not.toBe(hostKey({ ...other, host: 'b' }));
  expect(hostKey(blobs)).not.toBe(hostKey(manifests));
  expect(hosts.of(manifests)).toBe(hosts.of(manifests));
});

test('a new host has no times', () => {
  expect(hosts.timesOf(manifests)).toEqual({});
});

test('the oldest request that is awaited counts until a short wait after its end', () => {
  const first = awaited(manifests, 10, now);
  const second = awaited(manifests, 20, now + 60_000);
  now += shortWait - 1;
  expect(hosts.oldestWait(first.host)).toBe(first);
  now += 1;
  expect(hosts.oldestWait(first.host)).toBe(second);
  expect(first.host.waits.has(first)).toBe(false);
});

test('a request does not wait for itself, nor for those after its host answered', () => {
  const first = awaited(manifests, 10, now + 60_000);
  const second = awaited(manifests, 20, now + 60_000);
  expect(hosts.timesOf(manifests).waiting).toBe(10);
  expect(hosts.timesOf(manifests, first).waiting).toBeUndefined();
  expect(hosts.timesOf(manifests, second).waiting).toBe(10);
  first.host.waits.delete(second);
  expect(hosts.timesOf(manifests, second).waiting).toBeUndefined();
});

test('what is known of manifests is used for blobs that say nothing themselves', () => {
  Object.assign(hosts.of(manifests), { usual: 50, answered: 100, silent: 200 });
  expect(hosts.timesOf(blobs)).toEqual({
    usual: 50,
    answered: 100,
    silent: 200,
    waiting: undefined,
  });
  Object.assign(hosts.of(blobs), { usual: 70, answered: 300, silent: 400 });
  expect(hosts.timesOf(blobs)).toMatchObject({ usual: 70, answered: 300, silent: 400 });
  expect(hosts.timesOf(manifests)).toMatchObject({ usual: 50, answered: 100, silent: 200 });
});

test('a silence of manifests before the last answer of blobs says nothing of blobs', () => {
  hosts.of(manifests).silent = 200;
  hosts.of(blobs).answered = 200;
  expect(hosts.timesOf(blobs).silent).toBeUndefined();
  hosts.of(manifests).silent = 201;
  expect(hosts.timesOf(blobs).silent).toBe(201);
});

test('answers of manifests while a blob is awaited say nothing of blobs', () => {
  hosts.of(manifests).answered = 500;
  const own = awaited(blobs, 400, now + 60_000);
  expect(hosts.timesOf(blobs).answered).toBe(400);
  expect(hosts.timesOf(blobs, own).answered).toBe(500);
});

test('a manifest that is awaited counts for a new request of a blob only', () => {
  awaited(manifests, 300, now + 60_000);
  expect(hosts.timesOf(blobs).waiting).toBe(300);
  const own = awaited(blobs, 400, now + 60_000);
  expect(hosts.timesOf(blobs, own).waiting).toBeUndefined();
  own.host.waits.delete(own);
  own.host.answered = 300;
  expect(hosts.timesOf(blobs).waiting).toBeUndefined();
});
