import type { AwsCredentials } from '../../core/signing/credentials.ts';
import { guardPlace, type Service } from '../sdk/service.ts';

// Loaded with the first sign-in to Amazon ECR. Each client is loaded when it is needed, so that a server
// which never signs in there does not load them when it starts.

/** What ECR issues: `AWS:PASSWORD` in base64, and when it expires. */
export interface AuthorizationToken {
  readonly token: string | undefined;
  readonly expires: Date | undefined;
}

/** Asks for the token of the private registries in the service's region. */
export async function privateToken({ settings, guard }: Service): Promise<AuthorizationToken> {
  const { ECRClient, GetAuthorizationTokenCommand } = await import('@aws-sdk/client-ecr');
  const client = new ECRClient(settings);
  client.middlewareStack.add(guard, guardPlace);
  const { authorizationData } = await client.send(new GetAuthorizationTokenCommand({}));
  const [data] = authorizationData ?? [];
  return { token: data?.authorizationToken, expires: data?.expiresAt };
}

/** Asks for the token of ECR Public. */
export async function publicToken({ settings, guard }: Service): Promise<AuthorizationToken> {
  const sdk = await import('@aws-sdk/client-ecr-public');
  const client = new sdk.ECRPUBLICClient(settings);
  client.middlewareStack.add(guard, guardPlace);
  const { authorizationData: data } = await client.send(new sdk.GetAuthorizationTokenCommand({}));
  return { token: data?.authorizationToken, expires: data?.expiresAt };
}

/** The credentials of a role. */
export async function roleCredentials(
  { settings, guard }: Service,
  role: string,
): Promise<AwsCredentials> {
  const { AssumeRoleCommand, STSClient } = await import('@aws-sdk/client-sts');
  const client = new STSClient(settings);
  client.middlewareStack.add(guard, guardPlace);
  const command = new AssumeRoleCommand({ RoleArn: role, RoleSessionName: 'pullfront' });
  const { Credentials: found } = await client.send(command);
  if (found?.AccessKeyId === undefined || found.SecretAccessKey === undefined) {
    throw new Error(`STS gave no credentials for ${role}`);
  }
  return {
    accessKeyId: found.AccessKeyId,
    secretAccessKey: found.SecretAccessKey,
    sessionToken: found.SessionToken,
    expires: found.Expiration?.getTime(),
  };
}
