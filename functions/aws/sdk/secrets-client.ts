import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { guardPlace, type Service } from './service.ts';

/** Returns a reader of secrets; it resolves to undefined if a secret holds bytes. */
export function openSecrets({ settings, guard }: Service) {
  const client = new SecretsManagerClient(settings);
  client.middlewareStack.add(guard, guardPlace);
  return async (name: string): Promise<string | undefined> => {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: name }));
    return SecretString;
  };
}
