import { ArnFormat, type CfnCondition, type Stack, Token } from 'aws-cdk-lib';
import { type CfnPolicy, Policy, PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';

/**
 * Lets the roles read these secrets, by name or by ARN, and no others. Secrets Manager adds a
 * hyphen and six characters to a name to make its ARN, hence the question marks.
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
  // A parameter of a template holds an ARN.
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
