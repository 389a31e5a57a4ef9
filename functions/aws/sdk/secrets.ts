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
  return passwordOf(text) ?? text.trim();
}

function passwordOf(text: string): string | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('password' in value)) return undefined;
    return typeof value.password === 'string' ? value.password : undefined;
  } catch {
    // A password may begin like JSON.
    return undefined;
  }
}
