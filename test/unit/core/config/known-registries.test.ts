import { expect, test } from 'vitest';
import {
  alternatePattern,
  answersHead,
  isEcr,
  isRegistryUrl,
  privateHostPattern,
  realmPattern,
  registryPattern,
} from '../../../../functions/core/config/known-registries.ts';

test.each([
  ['docker.io', true],
  ['quay.io', true],
  ['public.ecr.aws', false],
  ['registry.example', false],
])('%s is known to answer HEAD: %s', (registry, does) => {
  expect(answersHead(registry)).toBe(does);
});

test.each([
  ['public.ecr.aws', true],
  ['123456789012.dkr.ecr.eu-west-1.amazonaws.com', true],
  ['123456789012.dkr-ecr.eu-west-1.on.aws', true],
  ['123456789012.dkr.ecr-fips.us-east-1.amazonaws.com', true],
  ['12345678901.dkr.ecr.eu-west-1.amazonaws.com', false],
  ['ecr.example', false],
])('%s is Amazon ECR: %s', (host, is) => {
  expect(isEcr(host)).toBe(is);
});

test.each([
  ['https://a/', true],
  ['https://a/v2', false],
  ['https://a/v2//', false],
  ['https://a/hub/v2/', false],
  ['https://a/v2/hub-proxy', true],
  ['https://a/v2/hub/docker.io/', true],
  ['https://a/v2/hub%20proxy', false],
  ['https://a/v20', true],
])('%s is the URL of a registry: %s', (url, is) => {
  expect(isRegistryUrl(new URL(url))).toBe(is);
});

test.each([
  [
    registryPattern,
    ['a', 'a.b-c.d', 'localhost:5000'],
    ['A', 'a_b', '-a', 'a-', 'a:', 'a:123456', 'a/b', ''],
  ],
  [realmPattern, ['auth.example.com', 'localhost:5001'], ['a b', 'a/b', 'u@a', 'a?b', 'a#b', '']],
  [alternatePattern, ['a', 'public.ecr.aws/docker', 'a:1/b-c/d_e'], ['a/', 'a/B', 'a//b', '/a']],
  [
    privateHostPattern,
    ['minio:9000', '10.0.0.0/8', '10.0.0.0/32', 'fd00::/8', '::/128'],
    ['10.0.0.0/33', 'fd00::/129', 'a/b', 'a b', 'u@a'],
  ],
])('%s', (pattern, right, wrong) => {
  expect(right.filter((text) => !pattern.test(text))).toEqual([]);
  expect(wrong.filter((text) => pattern.test(text))).toEqual([]);
});
