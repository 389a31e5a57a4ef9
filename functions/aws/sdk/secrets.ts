import { parseObject } from '../../core/oci/json-object.ts';
import { openService, type ServiceOptions } from './service.ts';

/**
 * Reads secrets by name or ARN: the text, or `password` if it is JSON, as the console writes it. An
 * error names the secret but not its value.
 */
export function secretReader(options: ServiceOptions): (name: string) => Promise<string> {
  let opened: Promise<(name: string) => Promise<string | undefined>> | undefined;
  return async (name) => {
    opened ??= import('./secrets-client.ts').then(({ openSecrets }) =>
      openSecrets(openService('SecretsManager', options)),
    );
    const text = await (await opened)(name);
    if (text === undefined) throw new Error(`the secret ${name} has no text value`);
    // A password may look like the start of JSON.
    const password = parseObject(text)?.password;
    return typeof password === 'string' ? password : text.trim();
  };
}
