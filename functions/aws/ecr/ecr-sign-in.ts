import { privateEcrPattern } from '../../core/config/known-registries.ts';
import type { CredentialSource } from '../../core/signing/credentials.ts';
import type { IssuedCredentials, SignInReader } from '../../core/sources/accounts/sign-in.ts';
import { openService, type Service } from '../sdk/service.ts';

/** The only region with the API of ECR Public. */
const publicRegion = 'us-east-1';

/**
 * Signs in to Amazon ECR, private or public, with these credentials or with a role that they assume. A
 * token is good for 12 hours.
 */
export function ecrSignIn(credentials: CredentialSource): SignInReader {
  return async (registry, signIn) => {
    if (signIn.kind !== 'ecr') throw new Error('functions have no files and run no programs');
    const isPublic = registry === 'public.ecr.aws';
    const region = isPublic ? publicRegion : regionOf(registry);
    const sdk = await import('./ecr-clients.ts');
    const { assumeRole } = signIn;
    const role =
      assumeRole === undefined
        ? credentials
        : await using(openService('STS', { region, credentials }), async (sts) => {
            const found = await sdk.roleCredentials(sts, assumeRole);
            return () => found;
          });
    const ecr = openService('ECR', { region, credentials: role });
    const { token, expires } = await using(ecr, isPublic ? sdk.publicToken : sdk.privateToken);
    return issued(token, expires);
  };
}

/** The region of a private registry: `123456789012.dkr.ecr.eu-west-1.amazonaws.com`. */
function regionOf(registry: string): string {
  const region = privateEcrPattern.exec(registry)?.groups?.region;
  if (region !== undefined) return region;
  throw new Error(`${registry} is not a host of Amazon ECR`);
}

/** Hours pass until the next call, so its connections are not kept. */
async function using<Result>(
  service: Service,
  call: (service: Service) => Promise<Result>,
): Promise<Result> {
  try {
    return await call(service);
  } finally {
    service.connections.close();
  }
}

function issued(token: string | undefined, expires: Date | undefined): IssuedCredentials {
  const text = token === undefined ? '' : atob(token);
  const colon = text.indexOf(':');
  if (colon < 1) throw new Error('ECR gave no authorization token');
  return {
    username: text.slice(0, colon),
    password: text.slice(colon + 1),
    expires: expires?.getTime(),
  };
}
