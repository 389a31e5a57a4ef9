import { parseObject } from '../../core/oci/json-object.ts';
import type { JsonService } from './json-service.ts';

/**
 * Reads a secret of Secrets Manager by its name or ARN: its text, or the `password` of its JSON,
 * which is what the console writes. Rejects with an error that names the secret and not its value.
 */
export async function readSecret(
  service: Pick<JsonService, 'call'>,
  name: string,
): Promise<string> {
  const { SecretString: text } = await service.call('GetSecretValue', { SecretId: name });
  if (typeof text !== 'string') throw new Error(`the secret ${name} holds no text`);
  // A password may begin like JSON, and be none.
  const password = parseObject(text)?.password;
  return typeof password === 'string' ? password : text.trim();
}
