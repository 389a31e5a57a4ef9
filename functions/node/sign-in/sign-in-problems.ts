import { accountPath, accountsOf, signInOf } from '../../core/config/accounts.ts';
import type { Environment } from '../../core/config/environment.ts';
import type { Problem } from '../../core/config/problems.ts';
import type { Config } from '../../core/config/resolve.ts';
import { reasonOf } from '../../core/ports/tolerate.ts';
import { signInHost } from '../../core/sources/accounts/sign-in.ts';
import { hasHelper } from './credential-helper.ts';
import { readDockerConfig } from './docker-config.ts';

/**
 * Credential helpers that are not on the PATH, and files of Docker that have no account for their
 * registry. No helper is run.
 */
export async function signInProblems(
  upstreams: Config['upstreams'],
  environment: Environment,
): Promise<Problem[]> {
  const checks = [...upstreams].flatMap(([registry, upstream]) =>
    accountsOf(upstream).map(async (account): Promise<Problem[]> => {
      const signIn = signInOf(account);
      const host = signInHost(registry, upstream.url, signIn);
      const path = `upstreams.${registry}.${accountPath(upstream, account)}`;
      const missing = async (helper: string, key: string): Promise<Problem[]> => {
        if (await hasHelper(helper, environment)) return [];
        const message = `the program docker-credential-${helper} is not on the PATH`;
        return [{ path: `${path}.${key}`, message }];
      };
      if (signIn.kind === 'helper') return missing(signIn.name, 'helper');
      if (signIn.kind !== 'docker-config') return [];
      try {
        const found = await readDockerConfig(signIn.file, host);
        return found.kind === 'helper' ? await missing(found.name, 'dockerConfig') : [];
      } catch (error) {
        return [{ path: `${path}.dockerConfig`, message: reasonOf(error) }];
      }
    }),
  );
  return (await Promise.all(checks)).flat();
}
