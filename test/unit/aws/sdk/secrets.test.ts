import { afterEach, beforeEach, expect, test } from 'vitest';
import { secretReader } from '../../../../functions/aws/sdk/secrets.ts';
import { type ServiceProxy, startServiceProxy } from '../../../standins/dynamodb/service-proxy.ts';

let proxy: ServiceProxy;
let read: (name: string) => Promise<string>;

beforeEach(async () => {
  proxy = await startServiceProxy('http://127.0.0.1:9');
  read = secretReader({
    region: 'us-east-1',
    credentials: () => ({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'made up for the test' }),
    endpoint: new URL(proxy.endpoint),
  });
});
afterEach(() => proxy.close());

/** Secrets Manager answers with this. */
function answer(status: number, body: object) {
  proxy.answerBy(() => ({ status, body }));
}

test.each([
  ['a text', 'dckr_pat_x', 'dckr_pat_x'],
  ['a text as an editor leaves it', 'dckr_pat_x\n', 'dckr_pat_x'],
  ['JSON with a password', '{"username": "me", "password": "p w"}', 'p w'],
  ['JSON without one', '{"token": "x"}', '{"token": "x"}'],
  ['a text that begins like JSON', '{x', '{x'],
])('%s', async (_, text, password) => {
  answer(200, { SecretString: text });
  expect(await read('hub')).toBe(password);
  expect(proxy.calls).toEqual([{ action: 'GetSecretValue', input: { SecretId: 'hub' } }]);
});

test('a secret of bytes is refused by its name', async () => {
  answer(200, { SecretBinary: 'AAAA' });
  await expect(read('hub')).rejects.toThrow('the secret hub has no');
});

test('a secret that is not there is an error that says so', async () => {
  answer(400, { __type: 'ResourceNotFoundException', Message: "can't find the secret" });
  await expect(read('hub')).rejects.toMatchObject({
    code: 'ResourceNotFoundException',
    message:
      "SecretsManager.GetSecretValue: ResourceNotFoundException (400): can't find the secret",
  });
});
