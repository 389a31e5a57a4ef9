import { beforeEach, describe, expect, test } from 'vitest';
import type { Repository } from '../../../../../functions/core/oci/repository.ts';
import type { MirrorEvent } from '../../../../../functions/core/ports/event.ts';
import type {
  ManifestHead,
  TagPage,
  Upstream,
} from '../../../../../functions/core/ports/upstream.ts';
import { UpstreamError } from '../../../../../functions/core/ports/upstream-error.ts';
import { Access, type GuardedSource } from '../../../../../functions/core/sources/access/access.ts';
import type { AccessRules } from '../../../../../functions/core/sources/access/access-rules.ts';
import type { Asked } from '../../../../../functions/core/sources/access/public-check.ts';
import { MemoryPublicRepositories } from '../../../../../functions/memory/public-repositories.ts';
import { known, ScriptedUpstream } from '../../mirror/scripted-upstream.ts';

const hour = 3_600_000;
const day = 24 * hour;
const digest = known(`sha256:${'a'.repeat(64)}`);
const tag = (name: string): Asked => ({ kind: 'manifest', reference: { kind: 'tag', tag: name } });
const hidden = { kind: 'denied' };

/** What the registry answers to an anonymous client. */
class Anonymous extends ScriptedUpstream {
  head: ManifestHead | UpstreamError = { kind: 'denied' };
  tags: TagPage = { kind: 'denied' };
  blob: 'found' | 'absent' = 'absent';
  grants = false;
  /** A cache whose HEAD answers 404 until a GET imported the image, if its own upstream has it. */
  cache: { readonly has: boolean } | undefined;

  override async headManifest(...[remote, reference]: Parameters<Upstream['headManifest']>) {
    await super.headManifest(remote, reference);
    if (this.head instanceof UpstreamError) throw this.head;
    return this.head;
  }

  override async getManifest(...[remote, reference]: Parameters<Upstream['getManifest']>) {
    await super.getManifest(remote, reference);
    if (this.cache?.has === false) return { kind: 'absent' } as const;
    if (this.cache !== undefined) this.head = found;
    const bytes = new Uint8Array(2);
    return { kind: 'found', manifest: { digest, mediaType: 'a/b', bytes } } as const;
  }

  override async headBlob(...[remote, asked]: Parameters<Upstream['headBlob']>) {
    await super.headBlob(remote, asked);
    return this.blob === 'found' ? ({ kind: 'found', size: 1 } as const) : { kind: this.blob };
  }

  override async listTags(...[remote, start]: Parameters<Upstream['listTags']>) {
    await super.listTags(remote, start);
    return this.tags;
  }

  grantsPull(): boolean {
    return this.grants;
  }
}

const found: ManifestHead = { kind: 'found', digest, mediaType: 'a/b', size: 1 };
const limited = new UpstreamError('limited', 'docker.io: status 429', { status: 429 });
const down = new UpstreamError('timeout', 'docker.io: no answer in time');

let now = 0;
let registry: Anonymous;
let index: MemoryPublicRepositories;
let events: MirrorEvent[];
let access: Access;

const open = () =>
  new Access({
    index,
    runtime: {
      now: () => now,
      observe: (event) => void events.push(event),
      waitUntil: (work) => void work,
    },
  });

beforeEach(() => {
  now = Date.UTC(2026, 0, 1);
  registry = new Anonymous('docker.io');
  index = new MemoryPublicRepositories(() => now);
  events = [];
  access = open();
});

interface Differences {
  readonly name?: string;
  readonly rules?: AccessRules | undefined;
  readonly networks?: readonly string[];
  readonly recentFailure?: UpstreamError;
  readonly isWellKnown?: boolean;
}

function source({
  name = 'team/app',
  networks,
  recentFailure,
  isWellKnown = true,
  ...given
}: Differences = {}) {
  const repository: Repository = { registry: 'docker.io', name };
  const made: GuardedSource = {
    access: 'rules' in given ? given.rules : { grants: [], anonymous: registry },
    client: networks && { key: 'client', networks },
    follow: (work) => work,
    isWellKnown,
    key: `docker.io/${name}`,
    name,
    recentFailure,
    repository,
    unobtainable: (error) => ({ kind: 'unobtainable', error: error as UpstreamError }),
    upstreamCalls: 0,
  };
  return made;
}

describe('a public repository', () => {
  test('is asked for once a day, by HEAD, whatever the reference', async () => {
    registry.head = found;
    expect(await access.refusal(source(), tag('1'))).toBeUndefined();
    now += day - 1;
    // Not even a promise: the warm path is one look-up.
    expect(access.refusal(source(), tag('2'))).toBeUndefined();
    expect(registry.asked).toEqual(['HEAD manifest team/app:1']);
    now += 2;
    expect(await access.refusal(source(), tag('2'))).toBeUndefined();
    expect(registry.asked).toHaveLength(2);
  });

  test('is known to all instances', async () => {
    registry.head = found;
    await access.refusal(source(), tag('1'));
    expect(await open().refusal(source(), tag('2'))).toBeUndefined();
    expect(registry.asked).toHaveLength(1);
  });

  test('stays public when a tag is missing, and the tag is asked for again 20 s later', async () => {
    registry.head = { kind: 'absent' };
    expect(await access.refusal(source(), tag('none'))).toEqual(hidden);
    now += 19_999;
    expect(await access.refusal(source(), tag('none'))).toEqual(hidden);
    expect(registry.asked).toHaveLength(1);
    registry.head = found;
    expect(await access.refusal(source(), tag('1'))).toBeUndefined();
    now += 1;
    expect(await access.refusal(source(), tag('none'))).toBeUndefined();
  });

  test('is shown by GET where the registry refuses HEAD', async () => {
    registry.head = { kind: 'unsupported' };
    expect(await access.refusal(source(), tag('1'))).toBeUndefined();
    expect(registry.asked).toEqual(['HEAD manifest team/app:1', 'GET manifest team/app:1']);
  });

  test('is still served while the registry limits, fails, or failed a moment ago', async () => {
    registry.head = found;
    await access.refusal(source(), tag('1'));
    now += 2 * day;
    for (const failure of [limited, down]) {
      registry.head = failure;
      expect(await access.refusal(source(), tag('1'))).toBeUndefined();
      expect(await open().refusal(source(), tag('1'))).toBeUndefined();
    }
    const asked = registry.asked.length;
    expect(await access.refusal(source({ recentFailure: down }), tag('1'))).toBeUndefined();
    expect(registry.asked).toHaveLength(asked);
    now += 7 * day;
    expect(await access.refusal(source(), tag('1'))).toMatchObject({ kind: 'unobtainable' });
  });

  test('that becomes private is forgotten at the next check, by every instance', async () => {
    registry.head = found;
    await access.refusal(source(), tag('1'));
    now += day;
    registry.head = { kind: 'denied' };
    expect(await access.refusal(source(), tag('1'))).toEqual(hidden);
    registry.head = limited;
    now += 20_000;
    expect(await access.refusal(source(), tag('1'))).toEqual(hidden);
    expect(await open().refusal(source(), tag('1'))).toEqual(hidden);
  });

  test('that becomes hidden by 404 is forgotten unless its tags are listed', async () => {
    for (const [tags, isKept] of [
      [{ kind: 'found', tags: ['2'], next: undefined }, true],
      [{ kind: 'found', tags: [], next: undefined }, false],
      [{ kind: 'denied' }, false],
    ] as const) {
      registry.head = found;
      registry.tags = tags;
      await open().refusal(source(), tag('1'));
      now += day;
      registry.head = { kind: 'absent' };
      expect(await open().refusal(source(), tag('1'))).toEqual(hidden);
      expect(await index.getPublic([source().repository])).toHaveLength(isKept ? 1 : 0);
    }
  });
});

describe('at a registry that may be a cache', () => {
  const cached = (name: string) => source({ name, isWellKnown: false });
  const requests = (name: string) => [`HEAD manifest ${name}:1`, `GET manifest ${name}:1`];

  beforeEach(() => {
    registry.head = { kind: 'absent' };
    registry.cache = { has: true };
  });

  test('an image that a HEAD does not find yet is shown by the GET that imports it', async () => {
    const name = 'library/new';
    expect(await access.refusal(cached(name), tag('1'))).toBeUndefined();
    expect(registry.asked).toEqual(requests(name));
    // It is public now, for every tag and instance.
    expect(await open().refusal(cached(name), tag('2'))).toBeUndefined();
    expect(registry.asked).toHaveLength(2);
    const subject = { kind: 'referrers', subject: digest } as const;
    registry.head = { kind: 'absent' };
    expect(await access.refusal(cached('library/other'), subject)).toBeUndefined();
  });

  test('a name that does not exist costs a GET a minute', async () => {
    registry.cache = { has: false };
    const asked = () => registry.asked.filter((one) => one.startsWith('GET')).length;
    for (const [seconds, gets] of [
      [0, 1],
      [20, 1],
      [40, 1],
      [60, 2],
    ] as const) {
      now = Date.UTC(2026, 0, 1) + seconds * 1000;
      expect(await access.refusal(cached('library/none'), tag('1'))).toEqual(hidden);
      expect(asked()).toBe(gets);
    }
    // It may appear.
    registry.cache = { has: true };
    now += 60_000;
    expect(await access.refusal(cached('library/none'), tag('1'))).toBeUndefined();
  });

  test('a HEAD that is denied needs no GET, and neither does a registry known by name', async () => {
    expect(await access.refusal(source({ name: 'library/new' }), tag('1'))).toEqual(hidden);
    registry.head = { kind: 'denied' };
    expect(await access.refusal(cached('team/secret'), tag('1'))).toEqual(hidden);
    expect(registry.asked.filter((one) => one.startsWith('GET'))).toEqual([]);
  });

  test('a token that grants pull proves nothing after a 404', async () => {
    registry.cache = { has: false };
    registry.grants = true;
    expect(await access.refusal(cached('team/secret'), tag('1'))).toEqual(hidden);
  });
});

describe('what proves less', () => {
  test('a blob that anonymous clients get opens that blob only', async () => {
    registry.blob = 'found';
    expect(await access.refusal(source(), { kind: 'blob', digest })).toBeUndefined();
    expect(await access.refusal(source(), { kind: 'blob', digest })).toBeUndefined();
    expect(registry.asked).toHaveLength(1);
    expect(await access.refusal(source(), tag('1'))).toEqual(hidden);
    expect(await access.refusal(source(), { kind: 'referrers', subject: digest })).toEqual(hidden);
  });

  test('a list of tags opens that list only, and an empty one nothing', async () => {
    registry.tags = { kind: 'found', tags: [], next: undefined };
    expect(await access.refusal(source(), { kind: 'tags' })).toEqual(hidden);
    now += 20_000;
    registry.tags = { kind: 'found', tags: ['1'], next: undefined };
    expect(await access.refusal(source(), { kind: 'tags' })).toBeUndefined();
    expect(await access.refusal(source(), tag('1'))).toEqual(hidden);
  });
});

describe('a 429', () => {
  test('of a repository that was never seen is a 404, with one line a minute', async () => {
    registry.head = limited;
    for (const name of ['team/one', 'team/two']) {
      expect(await access.refusal(source({ name }), tag('1'))).toEqual(hidden);
    }
    const reason = limited.message;
    const repository = 'docker.io/team/one';
    expect(events).toEqual([
      { kind: 'unproven-public', registry: 'docker.io', repository, reason },
    ]);
    now += 60_000;
    await access.refusal(source(), tag('1'));
    expect(events).toHaveLength(2);
  });

  test('does not matter if the token granted pull', async () => {
    registry.head = limited;
    registry.grants = true;
    expect(await access.refusal(source(), tag('1'))).toBeUndefined();
    expect(await index.getPublic([source().repository])).toEqual([]);
    expect(events).toEqual([]);
  });

  test('is no other failure, which answers as if the registry were down', async () => {
    registry.head = down;
    registry.grants = true;
    expect(await access.refusal(source(), tag('1'))).toEqual({ kind: 'unobtainable', error: down });
  });
});

describe('readers', () => {
  const grants = [
    { readers: ['office'], repositories: [] },
    { readers: ['lab'], repositories: [{ test: (name: string) => name.startsWith('lab/') }] },
  ];
  const rules = { grants, anonymous: undefined };

  test('read what an account opens to their network, without a check', () => {
    for (const one of [{ networks: ['vpn', 'office'] }, { networks: ['lab'], name: 'lab/app' }]) {
      expect(access.refusal(source({ ...one, rules }), tag('1'))).toBeUndefined();
    }
    expect(registry.asked).toEqual([]);
  });

  test('of other repositories, and unknown clients, are like everyone else', async () => {
    for (const one of [{ networks: ['lab'] }, { networks: [] }, {}]) {
      expect(await access.refusal(source({ ...one, rules }), tag('1'))).toEqual(hidden);
    }
  });

  test('an upstream without accounts is never judged', () => {
    expect(access.refusal(source({ rules: undefined }), tag('1'))).toBeUndefined();
  });
});

test('a list has what the client may read, and what was seen to be public', async () => {
  registry.head = found;
  await access.refusal(source({ name: 'team/shown' }), tag('1'));
  const rules = { grants: [{ readers: ['office'], repositories: [] }], anonymous: registry };
  const keys = ['docker.io/team/app', 'docker.io/team/shown', 'ghcr.io/free/app'];
  const rulesOf = (host: string) => (host === 'docker.io' ? rules : undefined);
  const asked = registry.asked.length;
  for (const one of [access, open()]) {
    expect(await one.listable(keys, rulesOf, undefined)).toEqual(keys.slice(1));
    const inOffice = { key: 'client', networks: ['office'] };
    expect(await one.listable(keys, rulesOf, inOffice)).toEqual(keys);
  }
  expect(registry.asked).toHaveLength(asked);
});
