import { expect, it } from 'vitest';
import { type PageRequest, pageOf } from '../../../../functions/core/oci/page.ts';
import { createRegistry } from '../../../../functions/core/registry/create-registry.ts';
import { scriptedMirror } from '../../../conformance/scripted-mirror.ts';
import { anyClients } from '../clients/any-clients.ts';

const known = scriptedMirror('working');
const hub = known.policies.get('docker.io');
if (hub === undefined) throw new Error('docker.io is always there');
const policies = new Map([...known.policies, ['docker.io', { ...hub, deny: [/^secret\//] }]]);

/** The catalogue of an index with these repositories, which counts what it reads of them. */
function catalogOf(names: readonly string[]) {
  const keys = [...names].sort();
  const reads: PageRequest[] = [];
  let rows = 0;
  const mirror = {
    ...known,
    policies,
    listRepositories: async (page: PageRequest) => {
      reads.push(page);
      const found = pageOf(keys, page);
      rows += found.entries.length;
      return found;
    },
  };
  const registry = createRegistry(mirror, {
    clients: anyClients,
    defaultRegistry: 'docker.io',
    onError: console.error,
  });
  return {
    reads,
    readRows: () => rows,
    async get(target: string) {
      const { status, body, headers } = await registry({
        method: 'GET',
        target,
        header: () => undefined,
      });
      if (body instanceof ReadableStream) throw new Error('the body is a stream');
      const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
      const { repositories = [] } = JSON.parse(text);
      const next = /^<(.+)>/.exec(headers.link ?? '')?.[1];
      return { status, repositories: repositories as readonly string[], next };
    },
  };
}

/** Follows the links of a catalogue. */
async function allOf(catalog: ReturnType<typeof catalogOf>, first: string) {
  const pages: (readonly string[])[] = [];
  for (let target: string | undefined = first; target !== undefined; ) {
    const { status, repositories, next } = await catalog.get(target);
    expect(status).toBe(200);
    pages.push(repositories);
    target = next;
  }
  return pages;
}

const mixed = [
  'docker.io/library/alpine',
  'docker.io/secret/app',
  'gone.example/a/b',
  'gone.example/c/d',
  'ghcr.io/owner/app',
  'zzz.example/e',
];

it.each([1, 2, 3, 5])('has pages of %i, without what may no longer be pulled', async (n) => {
  const pages = await allOf(catalogOf(mixed), `/v2/_catalog?n=${n}`);
  expect(pages.length).toBeLessThan(10);
  for (const page of pages) expect(page.length).toBeLessThanOrEqual(n);
  expect(pages.flat()).toEqual(['library/alpine', 'ghcr.io/owner/app']);
});

it('is complete without n if it is short', async () => {
  const { repositories, next } = await catalogOf(mixed).get('/v2/_catalog');
  expect(repositories).toEqual(['library/alpine', 'ghcr.io/owner/app']);
  expect(next).toBeUndefined();
});

/** More than a call can have arguments. */
const many = Array.from({ length: 200_000 }, (_, at) => {
  return `docker.io/owner/app-${String(at).padStart(6, '0')}`;
});

it('has a page of 1,000 without n, and reads no more', async () => {
  const catalog = catalogOf(many);
  const first = await catalog.get('/v2/_catalog');
  expect([first.status, first.repositories.length]).toEqual([200, 1000]);
  expect(first.next).toBe('/v2/_catalog?n=1000&last=owner%2Fapp-000999');
  const second = await catalog.get(first.next ?? '');
  expect(second.repositories[0]).toBe('owner/app-001000');
  expect(catalog.readRows()).toBeLessThanOrEqual(2 * 1000);
});

it.each([10_001, 300_000, 999_999_999])('has pages of 10,000 with n=%i', async (n) => {
  const catalog = catalogOf(many);
  const { repositories, next } = await catalog.get(`/v2/_catalog?n=${n}`);
  expect(repositories).toHaveLength(10_000);
  expect(next).toBe('/v2/_catalog?n=10000&last=owner%2Fapp-009999');
  expect(catalog.readRows()).toBeLessThanOrEqual(10_001);
});

it('follows its links to the end', async () => {
  const pages = await allOf(catalogOf(many), '/v2/_catalog?n=10000');
  const names = many.map((key) => key.slice('docker.io/'.length));
  expect(pages.flat().join()).toBe(names.join());
});

it('reads at most 11,000 rows that may not be pulled, for a page that ends early', async () => {
  const denied = Array.from({ length: 30_000 }, (_, at) => `docker.io/secret/${at}`);
  const catalog = catalogOf([...denied, 'docker.io/z/last']);
  const first = await catalog.get('/v2/_catalog?n=1');
  expect(first.repositories).toEqual([]);
  expect(catalog.readRows()).toBeLessThanOrEqual(11_000);
  expect(catalog.reads.length).toBeLessThan(20);
  expect((await allOf(catalog, first.next ?? '')).flat()).toEqual(['z/last']);
});
