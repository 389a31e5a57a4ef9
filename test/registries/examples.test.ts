import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../functions/core/config/parse-config.ts';

const page = readFileSync('infra/docs/registries.md', 'utf8');

/** The examples by their heading. */
const examples = page
  .split(/^### /m)
  .slice(1)
  .map((section) => {
    const [title = ''] = section.split('\n', 1);
    const [, json = ''] = /```json\n(.*?)```/s.exec(section) ?? [];
    return [title, json] as const;
  });

test('the page has an example of every registry that the tests script', () => {
  expect(examples.map(([title]) => title)).toEqual([
    'ghcr.io',
    'quay.io',
    'nvcr.io',
    'dhi.io',
    'docker.elastic.co',
    'cgr.dev',
    'registry.access.redhat.com',
    'Harbor',
    "GitLab's dependency proxy",
    'Artifactory',
    'Nexus',
  ]);
});

describe('the example of', () => {
  test.each(examples)('%s is a configuration without a problem', (_, json) => {
    const password = /"env": "(\w+)"/.exec(json)?.[1];
    const environment = password === undefined ? {} : { [password]: 'secret' };
    const parsed = parseConfig(JSON.parse(json), environment);
    expect(parsed).not.toHaveProperty('problems');
  });
});
