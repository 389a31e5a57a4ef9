import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { namesOf, namesOfAll } from '../../../../functions/core/registry/catalog.ts';
import {
  chooseRepository,
  knownRegistries,
} from '../../../../functions/core/registry/choose-repository.ts';
import type { UpstreamPolicy } from '../../../../functions/core/sources/upstream-policy.ts';

const policy: UpstreamPolicy = {
  tagTtl: 1000,
  maxStale: 1000,
  revalidate: 'before',
  onDeleted: 'refuse',
  immutableTags: [],
  allow: [],
  deny: [],
  tags: [],
  asOf: false,
  keep: { age: undefined, pins: [] },
  delivery: 'stream',
};
const policies = new Map([
  ['docker.io', policy],
  ['ghcr.io', { ...policy, allow: [/^open\//], deny: [/^open\/closed$/] }],
  ['host.test:5000', policy],
]);
const registries = knownRegistries(policies, 'docker.io');

/** `registry/name by form`, or the refusal's status and code; a `|` in the path is `/v2`. */
function chosen(path: string, ns?: string, among = registries): string {
  const choice = chooseRepository(among, ns, path.replace('|', '/'), path.includes('|'));
  if (choice.kind === 'refused') return `${choice.refusal.status} ${choice.refusal.code}`;
  const { repository, form } = choice;
  return `${repository.registry} ${repository.name} by ${form}`;
}

describe('the repository', () => {
  it.each<[string, string | undefined, string]>([
    ['library/alpine', undefined, 'docker.io library/alpine by root'],
    ['alpine', undefined, 'docker.io library/alpine by root'],
    ['foo.bar', undefined, 'docker.io library/foo.bar by root'],
    ['ghcr.io/open/app', undefined, 'ghcr.io open/app by prefix'],
    ['ghcr.io/open', undefined, '403 DENIED'],
    ['ghcr.io/open/closed', undefined, '403 DENIED'],
    ['ghcr.io/other/app', undefined, '403 DENIED'],
    ['host.test:5000/app', undefined, 'host.test:5000 app by prefix'],
    ['host.test:5000/app', 'host.test:5000', 'host.test:5000 app by ns'],
    ['host.test/app', undefined, '404 NAME_UNKNOWN'],
    ['GHCR.io/open/app', undefined, 'ghcr.io open/app by prefix'],
    // The lower case of the Kelvin sign is a k.
    ['library/alpine', 'doc\u212aer.io', '404 NAME_UNKNOWN'],
    ['docker.io/docker.io/app', undefined, 'docker.io docker.io/app by prefix'],
    // GitLab's groups may have dots: with ns, only the host of that registry is one after /v2.
    ['my.group/app', 'host.test:5000', 'host.test:5000 my.group/app by ns'],
    ['ghcr.io/open/app', 'host.test:5000', 'host.test:5000 ghcr.io/open/app by ns'],
    ['ghcr.io/open/app', 'docker.io', 'docker.io ghcr.io/open/app by ns'],
    ['host.test:5000/app', 'docker.io', '400 NAME_INVALID'],
    ['ghcr.io|open/app', undefined, 'ghcr.io open/app by prefix'],
    ['ghcr.io|open/app', 'ghcr.io', 'ghcr.io open/app by ns'],
    ['ghcr.io|open/app', 'host.test:5000', '400 NAME_INVALID'],
    ['quay.io|open/app', 'docker.io', '400 NAME_INVALID'],
    ['my.group|app', 'host.test:5000', 'host.test:5000 my.group/app by ns'],
    ['my.group/app', undefined, '404 NAME_UNKNOWN'],
    ['ghcr.io', undefined, '400 NAME_INVALID'],
    ['ghcr.io/', undefined, '400 NAME_INVALID'],
    ['', undefined, '400 NAME_INVALID'],
    ['../etc', undefined, '400 NAME_INVALID'],
    ['a/../b', undefined, '400 NAME_INVALID'],
    ['localhost/app', undefined, '404 NAME_UNKNOWN'],
    ['[::1]:5000/app', undefined, '400 NAME_INVALID'],
    ['app', 'constructor', '404 NAME_UNKNOWN'],
    ['constructor/app', undefined, 'docker.io constructor/app by root'],
  ])('%s with ns %s: %s', (path, ns, expected) => expect(chosen(path, ns)).toBe(expected));

  it('of another default registry gets no library/', () => {
    const others = knownRegistries(new Map([['host.test:5000', policy]]), 'host.test:5000');
    expect(chosen('app', undefined, others)).toBe('host.test:5000 app by root');
    expect(chosen('app', 'index.docker.io', others)).toBe('404 NAME_UNKNOWN');
  });

  it('of another default registry may begin with a name like a host', () => {
    const others = knownRegistries(new Map([['host.test:5000', policy]]), 'host.test:5000');
    for (const name of ['my.group/app', 'docker.io/library/alpine', 'localhost/app']) {
      expect(chosen(name, undefined, others)).toBe(`host.test:5000 ${name} by root`);
    }
    expect(chosen('my.group|app', undefined, others)).toBe('host.test:5000 my.group/app by root');
    expect(chosen('other.test:5000/app', undefined, others)).toBe('404 NAME_UNKNOWN');
  });

  it('always has a configured registry, for any text', () => {
    const text = fc.oneof(
      fc.string(),
      fc
        .array(fc.constantFrom('ghcr.io', 'docker.io', 'a', 'x.y', '..', '/'))
        .map((p) => p.join('/')),
    );
    fc.assert(
      fc.property(text, fc.option(text, { nil: undefined }), (path, ns) => {
        const choice = chooseRepository(registries, ns === '' ? undefined : ns, path, false);
        if (choice.kind === 'refused') expect(choice.refusal.status).toBeLessThan(405);
        else expect(policies.has(choice.repository.registry)).toBe(true);
      }),
    );
  });
});

describe('the names in a catalog', () => {
  const segment = fc.constantFrom('library', 'alpine', 'ghcr.io', 'docker.io', 'a');
  const names = fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));

  it('map back to their keys', () => {
    fc.assert(
      fc.property(fc.constantFrom(...policies.keys()), names, (registry, name) => {
        const key = `${registry}/${name}`;
        const all = namesOfAll(registries);
        expect(all.toKey(all.toName(key))).toBe(key);
        const own = namesOf(registry);
        expect(own.toName(key)).toBe(name);
        expect(own.toKey(name)).toBe(key);
      }),
    );
  });

  it('can be pulled by', () => {
    fc.assert(
      fc.property(names, (name) => {
        const shown = namesOfAll(registries).toName(`docker.io/library/${name}`);
        const choice = chooseRepository(registries, undefined, shown, false);
        expect(choice).toMatchObject({
          kind: 'repository',
          repository: { registry: 'docker.io', name: `library/${name}` },
        });
      }),
    );
  });
});
