import type { Environment } from '../../core/config/environment.ts';
import type { SignInReader } from '../../core/sources/accounts/sign-in.ts';
import { askHelper } from './credential-helper.ts';
import { readDockerConfig } from './docker-config.ts';

/** Signs in by credential helpers and Docker's configuration, and to Amazon ECR by `readEcr`. */
export function signInReader(
  environment: Environment,
  readEcr: SignInReader | undefined,
): SignInReader {
  return async (registry, signIn) => {
    switch (signIn.kind) {
      case 'ecr':
        if (readEcr !== undefined) return readEcr(registry, signIn);
        throw new Error('this server cannot sign in to Amazon ECR');
      case 'helper':
        return askHelper(signIn.name, registry, environment);
      case 'docker-config': {
        const found = await readDockerConfig(signIn.file, registry);
        if (found.kind === 'credentials') return found.credentials;
        return askHelper(found.name, registry, environment);
      }
    }
  };
}
