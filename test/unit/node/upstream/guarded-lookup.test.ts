import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { expect, test, vi } from 'vitest';
import { Destinations } from '../../../../functions/core/upstream/destinations.ts';
import { GuardedLookup } from '../../../../functions/node/upstream/guarded-lookup.ts';
import { lookupBy, type NameLookup } from '../../../../functions/node/upstream/name-lookup.ts';

const [local, far, otherLocal] = ['10.0.0.1', '93.184.215.14', '10.0.0.2'];

/** A lookup for `registry.example`, whose name servers say this. */
function scene(names: Readonly<Record<string, readonly string[]>>) {
  const resolve = async (hostname: string) =>
    (names[hostname] ?? []).map((address) => ({ address, family: 4 }));
  const worked = vi.fn();
  const lookup = lookupBy(resolve);
  const all = { resolve, worked, lookup } as unknown as NameLookup;
  const destinations = new Destinations({
    url: new URL('https://registry.example/'),
    realms: ['auth.example:8443'],
  });
  return { guarded: new GuardedLookup(destinations, all), worked };
}

/** The addresses that a lookup gives, or its error. */
function found(lookup: LookupFunction, hostname: string): Promise<string[] | string> {
  return new Promise((resolve) => {
    lookup(hostname, { all: true }, (error, addresses) => {
      if (error) resolve(error.message);
      else resolve((addresses as LookupAddress[]).map(({ address }) => address));
    });
  });
}

const place = (host: string) => ({ hostname: host.replace(/:\d+$/, ''), host });

/** Connects to the registry. */
async function connect(guarded: GuardedLookup, address: string | undefined) {
  const attempt = guarded.connecting();
  await found(guarded.for(place('registry.example')), 'registry.example');
  guarded.connected('registry.example', address, attempt);
  return attempt;
}

test('a host that is not configured gets only its public addresses', async () => {
  const { guarded } = scene({ 'cdn.example': [local, far] });
  expect(await found(guarded.for(place('cdn.example')), 'cdn.example')).toEqual([far]);
});

test('a host with private addresses alone is an error that says what to configure', async () => {
  const { guarded } = scene({ 'cdn.example': [local] });
  expect(await found(guarded.for(place('cdn.example')), 'cdn.example')).toBe(
    'cdn.example has a private address; add it to "privateHosts" if the registry may redirect there',
  );
});

test('the registry and configured hosts may be anywhere', async () => {
  const { guarded } = scene({ 'registry.example': [local], 'auth.example': [local] });
  for (const host of ['registry.example', 'auth.example:8443']) {
    const { hostname } = place(host);
    expect(await found(guarded.for(place(host)), hostname)).toEqual([local]);
  }
  expect(await found(guarded.for(place('auth.example:80')), 'auth.example')).toContain('private');
  expect(await found(guarded.any, 'auth.example')).toEqual([local]);
});

test('a registry on a private address may lead to others there, once it was connected', async () => {
  const { guarded } = scene({ 'registry.example': [local], 'cdn.example': [otherLocal] });
  const url = new URL(`http://${otherLocal}/`);
  expect(() => guarded.checkUrl(url)).toThrow('private address');
  await connect(guarded, local);
  expect(() => guarded.checkUrl(url)).not.toThrow();
  expect(await found(guarded.for(place('cdn.example')), 'cdn.example')).toEqual([otherLocal]);
});

test.each([[[local, far]], [[far, local]]])(
  'a registry with any public address is a public one: %s',
  async (addresses) => {
    const { guarded } = scene({ 'registry.example': addresses });
    await connect(guarded, local);
    expect(() => guarded.checkUrl(new URL(`http://${otherLocal}/`))).toThrow('private address');
  },
);

test('a connection to another host says nothing of the registry', async () => {
  const { guarded, worked } = scene({ 'registry.example': [local], 'cdn.example': [far] });
  await connect(guarded, local);
  const attempt = guarded.connecting();
  await found(guarded.for(place('cdn.example')), 'cdn.example');
  expect(attempt.addresses).toEqual([]);
  guarded.connected('cdn.example', far, attempt);
  expect(() => guarded.checkUrl(new URL(`http://${otherLocal}/`))).not.toThrow();
  expect(worked.mock.calls).toEqual([
    ['registry.example', local],
    ['cdn.example', far],
  ]);
});

test('each connection notes the addresses of its own lookup', async () => {
  const { guarded } = scene({ 'registry.example': [local] });
  const first = guarded.connecting();
  const looking = found(guarded.for(place('registry.example')), 'registry.example');
  const second = guarded.connecting();
  await looking;
  expect(first.addresses).toEqual([{ address: local, family: 4 }]);
  expect(second.addresses).toEqual([]);
});
