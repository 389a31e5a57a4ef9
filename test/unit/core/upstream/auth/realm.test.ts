import { expect, test } from 'vitest';
import { trustedRealm } from '../../../../../functions/core/upstream/auth/realm.ts';

test.each([
  ['https://auth.docker.io/token', 'https://registry-1.docker.io', true],
  ['https://gitlab.com/jwt/auth', 'https://registry.gitlab.com', true],
  ['https://public.ecr.aws/token/', 'https://public.ecr.aws', true],
  ['https://auth.docker.io/token', 'https://registry.hub.docker.com', true],
  ['https://quay.io:8443/auth', 'https://quay.io', true],
  ['https://tokens.example/token', 'https://registry.other', true],
  ['https://tokens.example:99/token', 'https://registry.other', true],
  ['http://127.0.0.1:99/token', 'http://127.0.0.1:5000', true],
  ['https://127.0.0.1/token', 'http://127.0.0.1:5000', true],
  ['https://evil.example/token', 'https://registry-1.docker.io', false],
  ['https://docker.io.evil.example/token', 'https://registry-1.docker.io', false],
  ['https://evildocker.io/token', 'https://registry-1.docker.io', false],
  ['http://auth.docker.io/token', 'https://registry-1.docker.io', false],
  ['https://user:pw@auth.docker.io/token', 'https://registry-1.docker.io', false],
  ['http://localhost/token', 'http://127.0.0.1:5000', false],
  ['http://127.0.0.2/token', 'http://10.0.0.2', false],
  ['http://169.254.169.254/token', 'http://registry.example', false],
  ['http://[::1]/token', 'http://[::2]', false],
  ['file:///etc/passwd', 'http://registry.example', false],
  ['/token', 'https://quay.io', false],
  ['', 'https://quay.io', false],
])('realm %s of %s: %s', (realm, registry, isTrusted) => {
  const url = trustedRealm(realm, new URL(registry), ['tokens.example']);
  expect(url?.href).toBe(isTrusted ? new URL(realm).href : undefined);
});
