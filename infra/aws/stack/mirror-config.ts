import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { HubAccount } from './environment.ts';

const program = fileURLToPath(new URL('../../../dist/pullfront.js', import.meta.url));

/** What the stack needs to know of the mirror's configuration, or what is wrong with it. */
export type CheckedConfig = { readonly secrets: readonly string[] } | { readonly problem: string };

/**
 * Lets the built `pullfront config check` judge the file as a function would read it, and finds the
 * secrets that it names. The variables of whoever deploys do not count: functions have their own.
 */
export function checkMirrorConfig(file: string, hub: HubAccount | undefined): CheckedConfig {
  const { status, stderr, error } = spawnSync(
    process.execPath,
    [program, 'config', 'check', file],
    { encoding: 'utf8', env: stackEnvironment(hub) },
  );
  if (error !== undefined) return { problem: `${program}: ${error.message}` };
  if (status !== 0) return { problem: stderr.trim() };
  return secretsOf(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''), hub);
}

function stackEnvironment(hub: HubAccount | undefined): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    PULLFRONT_STORE: 'aws',
    PULLFRONT_AWS_TABLE: 'pullfront',
    PULLFRONT_AWS_BUCKET: 'pullfront',
    PULLFRONT_AWS_QUEUE: 'https://sqs.us-east-1.amazonaws.com/1/pullfront',
    ...(hub && {
      PULLFRONT_UPSTREAMS_DOCKER_IO_CREDENTIALS_USERNAME: hub.username,
      PULLFRONT_UPSTREAMS_DOCKER_IO_CREDENTIALS_PASSWORD_SECRET: hub.secret,
    }),
  };
}

interface Upstreams {
  readonly upstreams?: Readonly<
    Record<string, { readonly credentials?: { readonly password?: { readonly secret?: string } } }>
  >;
}

/** The file has no mistakes, so its shape is known. */
function secretsOf(json: string, hub: HubAccount | undefined): CheckedConfig {
  const { upstreams = {} } = JSON.parse(json) as Upstreams;
  const secrets = hub === undefined ? [] : [hub.secret];
  for (const [name, { credentials }] of Object.entries(upstreams)) {
    if (credentials?.password === undefined) continue;
    const { secret } = credentials.password;
    if (secret === undefined) {
      return {
        problem: `upstreams.${name}.credentials.password: functions read passwords from Secrets Manager only: {"secret": "NAME"}`,
      };
    }
    secrets.push(secret);
  }
  return { secrets: [...new Set(secrets)] };
}
