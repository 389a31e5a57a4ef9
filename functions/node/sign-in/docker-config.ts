import { readFile } from 'node:fs/promises';
import { objectOf, parseObject } from '../../core/oci/json-object.ts';
import type { Credentials } from '../../core/upstream/connection.ts';
import { noIdentityTokens, serverOf } from './credential-helper.ts';

/** What Docker's `config.json` has for a registry: a helper, by name, or the credentials. */
export type ConfiguredSignIn =
  | { readonly kind: 'helper'; readonly name: string }
  | { readonly kind: 'credentials'; readonly credentials: Credentials };

/**
 * Looks a registry up in Docker's `config.json`: in `credHelpers`, else the helper in `credsStore`, else
 * in `auths`, as Docker does. Rejects with an Error that names the file and says what is wrong, without a
 * secret.
 */
export async function readDockerConfig(file: string, registry: string): Promise<ConfiguredSignIn> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`cannot read ${file}: ${error.code ?? 'unknown error'}`);
  });
  const config = parseObject(text);
  if (config === undefined) throw new Error(`${file} is not a JSON object`);
  const { credHelpers, credsStore, auths } = config;
  const helper = entryOf(credHelpers, registry) ?? credsStore;
  if (typeof helper === 'string' && helper !== '') {
    if (/^[\w.-]+$/.test(helper)) return { kind: 'helper', name: helper };
    throw new Error(`${file}: the helper for ${registry} has no valid name`);
  }
  const entry = objectOf(entryOf(auths, registry));
  if (entry === undefined) throw new Error(`${file} has no account for ${registry}`);
  if (entry.identitytoken) throw new Error(`${file} ${noIdentityTokens(registry)}`);
  const credentials = credentialsOf(entry);
  if (credentials !== undefined) return { kind: 'credentials', credentials };
  throw new Error(`${file}: the account for ${registry} has no user name and password`);
}

/** The value for a registry in an object by server: `ghcr.io`, `https://ghcr.io`, `https://ghcr.io/v1/`. */
function entryOf(value: unknown, registry: string): unknown {
  const servers = Object.entries(objectOf(value) ?? {});
  const hostOf = (server: string) => server.replace(/^https?:\/\//, '').split('/')[0];
  const wanted = serverOf(registry);
  const exact = servers.find(([server]) => server === wanted || server === registry);
  return (exact ?? servers.find(([server]) => hostOf(server) === hostOf(wanted)))?.[1];
}

/** Of `auth`, which is USER:PASSWORD in base64, or `username` and `password`. */
function credentialsOf(entry: Readonly<Record<string, unknown>>): Credentials | undefined {
  const { auth, username, password } = entry;
  if (typeof auth === 'string' && auth !== '') {
    const decoded = Buffer.from(auth, 'base64').toString('utf8').replace(/\0+$/, '');
    const colon = decoded.indexOf(':');
    if (colon < 1 || colon === decoded.length - 1) return undefined;
    return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
  }
  if (typeof username !== 'string' || typeof password !== 'string') return undefined;
  return username === '' || password === '' ? undefined : { username, password };
}
