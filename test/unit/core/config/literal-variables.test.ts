import { expect, test } from 'vitest';
import { mistakes } from './parsing.ts';

const hub = (credentials: object) => ({ upstreams: { 'docker.io': { credentials } } });
/** `${NAME}` */
const braced = (name: string) => `\${${name}}`;
const at = 'upstreams.docker.io.credentials';

test.each<[unknown, string]>([
  [
    { data: '$HOME/data' },
    'data: variables such as $HOME are not expanded; write the value, or set PULLFRONT_DATA',
  ],
  [
    { data: `/srv/${braced('NAME')}` },
    'data: variables such as $NAME are not expanded; write the value, or set PULLFRONT_DATA',
  ],
  [
    { listen: '$HOST:5000' },
    'listen: variables such as $HOST are not expanded; write the value, or set PULLFRONT_LISTEN',
  ],
  [{ data: '~/data' }, 'data: "~" is not expanded; write the path'],
  [
    hub({ username: 'me', password: { env: '$HUB_TOKEN' } }),
    `${at}.password.env: write the variable's name without $: "HUB_TOKEN"`,
  ],
  [
    hub({ username: 'me', password: { env: braced('HUB_TOKEN') } }),
    `${at}.password.env: write the variable's name without $: "HUB_TOKEN"`,
  ],
  [
    hub({ username: 'me', password: '$HUB_TOKEN' }),
    `${at}.password: name the variable that holds it: {"env": "HUB_TOKEN"}`,
  ],
  [
    { upstreams: { 'docker.io': { allow: ['$ORG/**'] } } },
    'upstreams.docker.io.allow[0]: variables such as $ORG are not expanded; write the value',
  ],
])('%j', (json, expected) => {
  expect(mistakes(json)).toEqual([expected]);
});

test('a password with a dollar is not shown', () => {
  for (const password of ['$hunter2', { env: '$hunter2' }]) {
    expect(mistakes(hub({ username: 'me', password })).join()).not.toContain('hunter2');
  }
});

test("a dollar inside is the text's own, as in the robots of Harbor and in patterns", () => {
  const upstream = {
    credentials: { username: 'robot$pull', password: { env: 'HUB_TOKEN' } },
    immutableTags: ['^v\\d+$'],
  };
  expect(mistakes({ upstreams: { 'docker.io': upstream } }, { HUB_TOKEN: 'x' })).toEqual([]);
});

test('user names of nvcr.io and quay.io are no variables, and only as user names', () => {
  for (const username of ['$oauthtoken', '$app']) {
    const json = hub({ username, password: { env: 'TOKEN' } });
    expect(mistakes(json, { TOKEN: 'x' })).toEqual([]);
  }
  expect(mistakes({ data: '$app' })).toHaveLength(1);
  const other = hub({ username: '$oauth', password: { env: 'TOKEN' } });
  expect(mistakes(other, { TOKEN: 'x' })).toHaveLength(1);
});
