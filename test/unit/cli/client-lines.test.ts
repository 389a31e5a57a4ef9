import { expect, test } from 'vitest';
import { clientLines } from '../../../functions/cli/client-lines.ts';
import { parsed } from '../core/config/parsing.ts';

const loopback = { scheme: 'http', authority: '127.0.0.1:5000', loopback: true } as const;
const texts = (address: Parameters<typeof clientLines>[0], json: object = {}) =>
  clientLines(address, parsed(json)).map(({ client, lines }) => [client, lines.join('\n')]);

test('the lines for a mirror of Docker Hub on loopback', () => {
  expect(texts(loopback)).toEqual([
    ['dockerd', '{"registry-mirrors": ["http://127.0.0.1:5000"]}'],
    [
      'BuildKit',
      '[registry."docker.io"]\n  mirrors = ["127.0.0.1:5000"]\n[registry."127.0.0.1:5000"]\n  http = true',
    ],
    [
      'containerd',
      [
        '# containerd before 2.2 reads this file only with config_path: infra/clients/containerd.toml',
        'server = "https://registry-1.docker.io"',
        '[host."http://127.0.0.1:5000"]',
        '  capabilities = ["pull", "resolve"]',
        '  dial_timeout = "1s"',
      ].join('\n'),
    ],
    [
      'podman, CRI-O',
      '[[registry]]\nlocation = "docker.io"\n[[registry.mirror]]\nlocation = "127.0.0.1:5000"\ninsecure = true',
    ],
  ]);
});

test('plain http from another machine has to be allowed', () => {
  const [docker] = texts({ scheme: 'http', authority: 'box:5000', loopback: false });
  expect(JSON.parse(docker?.[1] ?? '')).toEqual({
    'registry-mirrors': ['http://box:5000'],
    'insecure-registries': ['box:5000'],
  });
});

test('with TLS nothing is insecure', () => {
  const all = texts({ scheme: 'https', authority: 'box:443', loopback: false });
  expect(all.flat().join('\n')).not.toMatch(/insecure|http:|http = true/);
});

test('dockerd has no mirror for another registry', () => {
  const all = texts(loopback, { defaultUpstream: 'quay.io' });
  expect(all.map(([client]) => client)).toEqual(['BuildKit', 'containerd', 'podman, CRI-O']);
  expect(all.flat().join('\n')).toContain('server = "https://quay.io"');
});
