import { expect, test } from 'vitest';
import { findingsOf } from '../../../../functions/core/config/findings.ts';
import { Overlay } from '../../../../functions/core/config/overlay.ts';

const found = (json: object, listed: readonly string[] = []) =>
  findingsOf(new Overlay(json), listed);

test('the files of a configuration, by the place that names them', () => {
  const { files } = found({
    tls: { cert: '/c', key: '/k' },
    upstreams: {
      'ghcr.io': {
        ca: '/ca',
        credentials: { password: { file: '/p' } },
        accounts: [{ dockerConfig: '/d' }, { password: { file: ' ' } }],
      },
      'quay.io': { ca: '-----BEGIN CERTIFICATE-----', credentials: { password: { env: 'X' } } },
    },
  });
  expect([...files.values()]).toEqual(['/c', '/k', '/ca', '/p', '/d']);
  expect([...files.keys()].slice(0, 2)).toEqual(['tls.cert', 'tls.key']);
  expect(files.get('upstreams.ghcr.io.accounts[0].dockerConfig')).toBe('/d');
});

test('the accounts that sign in by a helper or by Docker', () => {
  const { signIns } = found({
    upstreams: {
      'ghcr.io': {
        credentials: { helper: 'pass' },
        accounts: [{ dockerConfig: '/d' }, { helper: 5 }],
      },
      'quay.io': { url: 'https://nexus.example/x', credentials: { helper: 'other' } },
      'x.example': { credentials: { helper: 'no-url' } },
      'y.example': { url: 'no url', credentials: { helper: 'no-url' } },
    },
  });
  expect(
    signIns.map(({ url, signIn, ...rest }) => ({ ...rest, url: url.href, ...signIn })),
  ).toEqual([
    {
      place: 'upstreams.ghcr.io.credentials.helper',
      registry: 'ghcr.io',
      url: 'https://ghcr.io/',
      kind: 'helper',
      name: 'pass',
    },
    {
      place: 'upstreams.ghcr.io.accounts[0].dockerConfig',
      registry: 'ghcr.io',
      url: 'https://ghcr.io/',
      kind: 'docker-config',
      file: '/d',
    },
    {
      place: 'upstreams.quay.io.credentials.helper',
      registry: 'quay.io',
      url: 'https://nexus.example/x',
      kind: 'helper',
      name: 'other',
    },
  ]);
});

test.each([
  [{}, [], false],
  [{}, ['ghcr.io'], true],
  [{}, ['ghcr.io', 'docker.io'], false],
  [{ defaultUpstream: 'docker.io' }, ['ghcr.io'], false],
])('%j with the upstreams %j notes the default one: %s', (json, listed, isNoted) => {
  const { notes } = found(json, listed);
  expect(notes).toHaveLength(isNoted ? 1 : 0);
  if (isNoted) expect(notes[0]).toContain('"defaultUpstream": "ghcr.io"');
});

test('an account that anyone may read by is noted', () => {
  const accounts = [
    { readers: ['anyone', 'office'] },
    { readers: ['office'] },
    { readers: 'anyone' },
    {},
  ];
  const { notes } = found({ upstreams: { 'ghcr.io': { accounts } } });
  expect(notes).toEqual([
    expect.stringMatching(/^upstreams\.ghcr\.io\.accounts\[0\]\.readers: anyone who can reach/),
  ]);
});

test('a rule that refuses binds only some clients', () => {
  const tags = [
    { match: 'a', deny: true, mode: 'enforce' },
    { match: 'b', deny: true },
    { match: 'c', cooldown: '1d', mode: 'enforce' },
    { match: 'd', cooldown: '1d', mode: 'enforce', first: 'refuse' },
    5,
  ];
  const { notes } = found({ upstreams: { 'docker.io': { tags }, 'ghcr.io': { tags: 'words' } } });
  expect(notes.map((note) => note.split(':')[0])).toEqual([
    'upstreams.docker.io.tags[0]',
    'upstreams.docker.io.tags[3]',
  ]);
  expect(notes[0]).toContain('without a fallback: after a 403, dockerd pulls from Docker Hub');
});

test('so does a rule that refuses digests or platforms', () => {
  const tags = [
    { match: 'x/a', cooldown: '1d', strict: true, mode: 'enforce' },
    { match: 'x/b', cooldown: '1d', strict: true },
    { match: 'x/c', platforms: ['linux/386'], deny: true, mode: 'enforce' },
  ];
  const { notes } = found({ upstreams: { 'docker.io': { tags } } });
  expect(notes.map((note) => note.split(':')[0])).toEqual([
    'upstreams.docker.io.tags[0]',
    'upstreams.docker.io.tags[2]',
  ]);
});

test('dockerd mirrors no other registry than docker.io', () => {
  const tags = [{ match: 'a', deny: true, mode: 'enforce' }];
  const { notes } = found({ upstreams: { 'docker.io': {}, 'ghcr.io': { tags } } });
  expect(notes).toEqual([
    'upstreams.ghcr.io.tags[0]: binds only clients without a fallback: after a 403, containerd resolves the tag at ghcr.io (dockerd mirrors only docker.io); see infra/docs/tags.md',
  ]);
});

test('a cooldown does not hold tags that never move', () => {
  const notesOf = (match: string, expression: string) => {
    const upstream = { tags: [{ match, cooldown: '1d' }], immutableTags: [expression] };
    return found({ upstreams: { 'docker.io': upstream } }).notes;
  };
  expect(notesOf('library/**', '^v\\d')).toEqual([
    'upstreams.docker.io.tags[0]: holds only the first digest of tags that match immutableTags (^v\\d): once it is served, the registry is not asked about them again',
  ]);
  expect(notesOf('library/app:v1.2', '^v\\d')).toHaveLength(1);
  expect(notesOf('library/app:v*', '^v\\d+\\.\\d+$')).toHaveLength(1);
  expect(notesOf('library/app:nightly*', '^v\\d')).toEqual([]);
  expect(notesOf('library/app:latest', '^v\\d')).toEqual([]);
  expect(notesOf('library/app', '(')).toEqual([]);
});
