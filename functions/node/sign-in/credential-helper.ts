import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Environment } from '../../core/config/environment.ts';
import { parseObject } from '../../core/oci/json-object.ts';
import type { Credentials } from '../../core/upstream/connection.ts';

/** How long a helper may take, in ms. */
const patience = 10_000;

/** The most that a helper may write, in bytes. */
const maxOutput = 64 * 1024;

/** The user name with which a helper says that the secret is an OAuth2 refresh token. */
const identityToken = '<token>';

/** How a registry is called by `docker login`, helpers and Docker's `config.json`. */
export function serverOf(registry: string): string {
  return registry === 'docker.io' ? 'https://index.docker.io/v1/' : registry;
}

/**
 * Asks the program `docker-credential-NAME` for the credentials of a registry. Rejects with an Error that
 * says why it has none; what the program wrote is not quoted, because it may be a secret.
 */
export async function askHelper(
  name: string,
  registry: string,
  environment: Environment,
): Promise<Credentials> {
  const program = `docker-credential-${name}`;
  const output = await run(program, serverOf(registry), environment);
  const { Username: username, Secret: password } = parseObject(output) ?? {};
  if (username === identityToken) throw new Error(`${program} ${noIdentityTokens(registry)}`);
  if (typeof username === 'string' && typeof password === 'string' && username && password) {
    return { username, password };
  }
  throw new Error(`${program} did not print {"Username": …, "Secret": …}`);
}

/** The message about a sign-in that only Docker's own login flow can use. */
export function noIdentityTokens(registry: string): string {
  return `has an identity token for ${registry}, which is not supported; run "docker login" with a user name and an access token`;
}

function run(program: string, input: string, environment: Environment): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      ['get'],
      {
        env: { ...environment },
        timeout: patience,
        killSignal: 'SIGKILL',
        maxBuffer: maxOutput,
        windowsHide: true,
      },
      (error, output) => {
        if (error === null) resolve(output);
        else reject(new Error(`${program} ${reasonOf(error, output)}`));
      },
    );
    // It may exit without reading.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(`${input}\n`);
  });
}

/** What went wrong; `output` is only compared with what helpers say by convention. */
function reasonOf({ code, killed }: ExecError, output: string): string {
  if (code === 'ENOENT') return 'is not on the PATH';
  if (code === 'EACCES') return 'is not executable';
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return `printed more than ${maxOutput} bytes`;
  if (killed === true) return `did not answer within ${patience / 1000} s`;
  if (output.trim() === 'credentials not found in native keychain') return 'has no such account';
  return typeof code === 'number' ? `failed with exit code ${code}` : 'failed';
}

interface ExecError {
  readonly code?: number | string | null | undefined;
  readonly killed?: boolean | undefined;
}

/** True if the program of a helper is on the PATH. */
export async function hasHelper(name: string, environment: Environment): Promise<boolean> {
  for (const folder of (environment.PATH ?? '').split(delimiter)) {
    if (folder === '') continue;
    const program = join(folder, `docker-credential-${name}`);
    const isThere = await access(program, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return true;
  }
  return false;
}
