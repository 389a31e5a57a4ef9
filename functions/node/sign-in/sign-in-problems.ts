import type { Environment } from '../../core/config/environment.ts';
import type { NamedSignIn } from '../../core/config/findings.ts';
import type { Problem } from '../../core/config/problems.ts';
import { reasonOf } from '../../core/ports/tolerate.ts';
import { signInHost } from '../../core/sources/accounts/sign-in.ts';
import { hasHelper } from './credential-helper.ts';
import { readDockerConfig } from './docker-config.ts';

/**
 * Credential helpers that are not on the PATH, and files of Docker that have no account for their
 * registry. No helper is run.
 */
export async function signInProblems(
  signIns: readonly NamedSignIn[],
  environment: Environment,
): Promise<Problem[]> {
  const checks = signIns.map(async ({ place: path, registry, url, signIn }): Promise<Problem[]> => {
    const missing = async (helper: string): Promise<Problem[]> => {
      if (await hasHelper(helper, environment)) return [];
      const message = `the program docker-credential-${helper} is not on the PATH; install it, or name another helper, such as "pass"`;
      return [{ path, message }];
    };
    if (signIn.kind === 'helper') return missing(signIn.name);
    try {
      const found = await readDockerConfig(signIn.file, signInHost(registry, url, signIn));
      return found.kind === 'helper' ? await missing(found.name) : [];
    } catch (error) {
      return [{ path, message: reasonOf(error) }];
    }
  });
  return (await Promise.all(checks)).flat();
}
