import { ArnFormat, type CfnCondition, type Stack, Token } from 'aws-cdk-lib';
import { type CfnPolicy, Policy, PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';

/**
 * Lets the roles read these secrets, by name or ARN. The question marks match the hyphen and six
 * characters that Secrets Manager appends to a name in its ARN.
 */
export function grantSecrets(
  stack: Stack,
  secrets: readonly string[],
  roles: readonly Role[],
  condition?: CfnCondition,
): void {
  if (secrets.length === 0) return;
  const policy = new Policy(stack, 'SecretsPolicy', {
    statements: [
      new PolicyStatement({
        sid: 'ReadCredentials',
        actions: ['secretsmanager:GetSecretValue'],
        resources: secrets.flatMap((secret) => arnsOf(stack, secret)),
      }),
    ],
    roles: [...roles],
  });
  if (condition !== undefined) {
    const resource = policy.node.defaultChild as CfnPolicy;
    resource.cfnOptions.condition = condition;
  }
}

function arnsOf(stack: Stack, secret: string): string[] {
  // A template's parameter has an ARN.
  if (Token.isUnresolved(secret) || secret.startsWith('arn:')) return [secret, `${secret}-??????`];
  return [
    stack.formatArn({
      service: 'secretsmanager',
      resource: 'secret',
      resourceName: `${secret}-??????`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    }),
  ];
}
