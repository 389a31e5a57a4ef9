import { parseObject } from '../../core/oci/json-object.ts';
import { openService, type ServiceOptions } from './service.ts';

/**
 * Reads a secret of Secrets Manager by its name or ARN: its text, or the `password` of its JSON,
 * which is what the console writes. Rejects with an error that names the secret and not its value.
 */
export function secretReader(options: ServiceOptions): (name: string) => Promise<string> {
  let opened: Promise<(name: string) => Promise<string | undefined>> | undefined;
  return async (name) => {
    opened ??= import('./secrets-client.ts').then(({ openSecrets }) =>
      openSecrets(openService('SecretsManager', options)),
    );
    const text = await (await opened)(name);
    if (text === undefined) throw new Error(`the secret ${name} holds no text`);
    // A password may begin like JSON, and be none.
    const password = parseObject(text)?.password;
    return typeof password === 'string' ? password : text.trim();
  };
}
