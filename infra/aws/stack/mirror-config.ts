import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type EcrAccount, type EcrGrants, type EcrUpstream, ecrGrants } from './ecr.ts';
import type { HubAccount } from './environment.ts';

const program = fileURLToPath(new URL('../../../dist/pullfront.js', import.meta.url));

/** The resolved configuration of the mirror, or what is wrong with it. */
export type CheckedConfig =
  | {
      /** The names or ARNs of the secrets in it. */
      readonly secrets: readonly string[];
      /** What its accounts at Amazon ECR need. */
      readonly ecr: EcrGrants;
      /** Its `limits.storeBytes`; undefined if it has none. */
      readonly storeBytes: number | undefined;
      /** The file for the functions' code. */
      readonly resolved: string;
    }
  | { readonly problem: string };

/** Resolves the file with the built `pullfront config resolve`, and finds the secrets in it. */
export function checkMirrorConfig(file: string, hub: HubAccount | undefined): CheckedConfig {
  const { status, stdout, stderr, error } = spawnSync(
    process.execPath,
    [program, 'config', 'resolve', '--store', 'aws', file],
    { encoding: 'utf8' },
  );
  if (error !== undefined) return { problem: `${program}: ${error.message}` };
  if (status !== 0) return { problem: stderr.trim().replace(/^pullfront: /, '') };
  process.stderr.write(stderr);
  return secretsOf(stdout, hub);
}

/** The parts of a resolved configuration (core/config/resolved.ts) that the stack uses. */
interface Used {
  readonly resolved: {
    /** A number, unless there is no limit. */
    readonly limits: { readonly storeBytes: unknown };
    readonly upstreams: {
      readonly $map: readonly (readonly [
        string,
        Omit<EcrUpstream, 'credentials' | 'accounts'> & {
          readonly credentials?: UsedAccount;
          readonly accounts: readonly UsedAccount[];
        },
      ])[];
    };
  };
}

interface UsedAccount extends EcrAccount {
  readonly password?: { readonly secret?: string };
}

function secretsOf(resolved: string, hub: HubAccount | undefined): CheckedConfig {
  const { upstreams, limits } = (JSON.parse(resolved) as Used).resolved;
  const secrets = hub === undefined ? [] : [hub.secret];
  for (const [name, { credentials, accounts }] of upstreams.$map) {
    const named = accounts.map((account, index) => [`accounts[${index}]`, account] as const);
    for (const [path, account] of [['credentials', credentials] as const, ...named]) {
      if (account?.password === undefined) continue;
      const { secret } = account.password;
      if (secret === undefined) {
        return {
          problem: `upstreams.${name}.${path}.password: functions only read passwords from Secrets Manager; use {"secret": "NAME"}`,
        };
      }
      secrets.push(secret);
    }
  }
  const storeBytes = typeof limits.storeBytes === 'number' ? limits.storeBytes : undefined;
  return { secrets: [...new Set(secrets)], ecr: ecrGrants(upstreams.$map), storeBytes, resolved };
}
