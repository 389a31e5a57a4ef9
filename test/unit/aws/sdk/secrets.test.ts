import { expect, test } from 'vitest';
import { readSecret } from '../../../../functions/aws/sdk/secrets.ts';

/** A Secrets Manager that knows one secret, of this text. */
const holding = (SecretString: unknown) => ({
  call: async (action: string, input: object) => {
    expect([action, input]).toEqual(['GetSecretValue', { SecretId: 'hub' }]);
    return { SecretString };
  },
  close: () => undefined,
});

test.each([
  ['a text', 'dckr_pat_x', 'dckr_pat_x'],
  ['a text as an editor leaves it', 'dckr_pat_x\n', 'dckr_pat_x'],
  ['JSON with a password', '{"username": "me", "password": "p w"}', 'p w'],
  ['JSON without one', '{"token": "x"}', '{"token": "x"}'],
  ['a text that begins like JSON', '{x', '{x'],
])('%s', async (_, text, password) => {
  expect(await readSecret(holding(text), 'hub')).toBe(password);
});

test('a secret of bytes is refused by its name', async () => {
  await expect(readSecret(holding(undefined), 'hub')).rejects.toThrow('the secret hub holds no');
});
