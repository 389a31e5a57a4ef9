import { expect, test } from 'vitest';
import { unknownVariables } from '../../../../functions/core/config/unknown-variables.ts';

const found = (name: string, value = 'x', upstreams = ['docker.io'], others: string[] = []) =>
  unknownVariables({ [name]: value }, upstreams, others).map(
    ({ path, message }) => `${path}: ${message}`,
  );

test.each([
  ['PULLFRONT_LISTEN', 'x'],
  ['PULLFRONT_CONFIG', 'x'],
  ['PULLFRONT_UPSTREAMS', 'x'],
  ['PULLFRONT_NONSENSE', ''],
  ['OTHER', 'x'],
  ['PULLFRONT_SERVICE_HOST', '10.0.0.1'],
  ['PULLFRONT_EDGE_SERVICE_PORT_HTTP', '80'],
  ['PULLFRONT_PORT_80_TCP_ADDR', '10.0.0.1'],
  ['PULLFRONT_PORT', 'tcp://10.0.0.1:80'],
])('%s=%s is known', (name, value) => {
  expect(found(name, value)).toEqual([]);
});

test('variables of the platform are known', () => {
  expect(found('PULLFRONT_MINE', 'x', [], ['PULLFRONT_MINE'])).toEqual([]);
});

test.each([
  ['PULLFRONT_PORT', '5000', 'did you mean PULLFRONT_LISTEN?'],
  ['PULLFRONT_HOST', 'x', 'did you mean PULLFRONT_LISTEN?'],
  ['PULLFRONT_LISTN', 'x', 'did you mean PULLFRONT_LISTEN?'],
  ['PULLFRONT_FORMAT', 'x', 'did you mean PULLFRONT_LOG_FORMAT?'],
  ['PULLFRONT_ZZZZZZZZZZ', 'x', 'infra/docs/configuration.md lists them all'],
  [
    'PULLFRONT_UPSTREAMS_GHCR_IO_URL',
    'x',
    'ghcr.io is not mirrored; add it to "upstreams" or to PULLFRONT_UPSTREAMS',
  ],
  ['PULLFRONT_UPSTREAMS_ZZZZZZZZZZZZZZ', 'x', 'the configured upstreams are docker.io'],
])('%s=%s: %s', (name, value, hint) => {
  const [text = ''] = found(name, value);
  expect(text).toBe(`${name}: unknown variable; ${hint}`);
});

test('a list cannot be set', () => {
  expect(found('PULLFRONT_UPSTREAMS_DOCKER_IO_ALLOW')).toEqual([
    expect.stringMatching(/docker\.io.*allow is a list/),
  ]);
});
