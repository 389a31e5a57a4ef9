import { type Stack, Validations } from 'aws-cdk-lib';
import { Policy, PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import { isEcr, privateEcrPattern } from '../../../functions/core/config/known-registries.ts';

/** What an upstream of a resolved configuration (core/config/resolved.ts) has to do with ECR. */
export interface EcrUpstream {
  readonly url: { readonly $url: string };
  readonly allow: readonly { readonly $glob: string }[];
  readonly credentials?: EcrAccount;
  readonly accounts: readonly EcrAccount[];
}

/** The same of an account. */
export interface EcrAccount {
  readonly aws?: string;
  readonly assumeRole?: string;
  readonly repositories?: readonly { readonly $glob: string }[];
}

/** What the functions need for Amazon ECR. */
export interface EcrGrants {
  /** The ARNs of private repositories, with wildcards. */
  readonly repositories: readonly string[];
  /** True if they sign in to ECR Public. */
  readonly isPublic: boolean;
  /** The ARNs of roles that they assume. */
  readonly roles: readonly string[];
}

/** For a configuration without ECR. */
export const noEcr: EcrGrants = { repositories: [], isPublic: false, roles: [] };

/** Pulls images and lists their tags. */
const readActions = [
  'ecr:BatchCheckLayerAvailability',
  'ecr:BatchGetImage',
  'ecr:GetDownloadUrlForLayer',
  'ecr:ListImages',
];

/** What the upstreams of a configuration need, by the registry's host. */
export function ecrGrants(upstreams: readonly (readonly [string, EcrUpstream])[]): EcrGrants {
  const repositories = new Set<string>();
  const roles = new Set<string>();
  let isPublic = false;
  for (const [registry, upstream] of upstreams) {
    const url = new URL(upstream.url.$url);
    const host = isEcr(registry) ? registry : url.host;
    const accounts = [upstream.credentials ?? {}, ...upstream.accounts];
    for (const { aws, assumeRole, repositories: bound = [] } of accounts) {
      if (aws !== 'ecr') continue;
      // The role has the permissions then.
      if (assumeRole !== undefined) roles.add(assumeRole);
      else if (!privateEcrPattern.test(host)) isPublic = true;
      else {
        const patterns = bound.length > 0 ? bound : upstream.allow;
        for (const arn of repositoryArns(host, url, patterns)) repositories.add(arn);
      }
    }
  }
  return { repositories: [...repositories], isPublic, roles: [...roles] };
}

/** The ARNs that patterns of repositories mean; IAM's `*` also matches slashes. */
function repositoryArns(
  host: string,
  url: URL,
  patterns: readonly { readonly $glob: string }[],
): string[] {
  const { account, region = '' } = privateEcrPattern.exec(host)?.groups ?? {};
  const regional = region.startsWith('cn-') ? 'aws-cn' : 'aws';
  const partition = region.startsWith('us-gov-') ? 'aws-us-gov' : regional;
  const prefix = /\/v2\/(.+)$/.exec(url.pathname)?.[1];
  const globs = patterns.length > 0 ? patterns.map(({ $glob }) => $glob) : ['*'];
  return globs.map((glob) => {
    const name = [...(prefix === undefined ? [] : [prefix]), glob.replaceAll('**', '*')].join('/');
    return `arn:${partition}:ecr:${region}:${account}:repository/${name}`;
  });
}

/** Lets the roles sign in to ECR, pull from these repositories, and assume these roles; nothing else. */
export function grantEcr(
  stack: Stack,
  { repositories, isPublic, roles: assumed }: EcrGrants,
  roles: readonly Role[],
): void {
  const statements: PolicyStatement[] = [];
  const allow = (sid: string, actions: string[], ...resources: string[]) =>
    statements.push(new PolicyStatement({ sid, actions, resources }));
  if (repositories.length > 0) {
    // A token opens what its role may read: the action knows no resources.
    allow('SignInToEcr', ['ecr:GetAuthorizationToken'], '*');
    allow('PullFromEcr', readActions, ...repositories);
  }
  if (isPublic) {
    allow(
      'SignInToEcrPublic',
      ['ecr-public:GetAuthorizationToken', 'sts:GetServiceBearerToken'],
      '*',
    );
  }
  if (assumed.length > 0) allow('AssumeRoles', ['sts:AssumeRole'], ...assumed);
  if (statements.length === 0) return;
  const policy = new Policy(stack, 'EcrPolicy', { statements, roles: [...roles] });
  const wildcards = new Set([...repositories, '*'].filter((one) => one.includes('*')));
  for (const resource of wildcards) {
    Validations.of(policy).acknowledge({
      id: `AwsSolutions-IAM5[Resource::${resource}]`,
      reason:
        resource === '*'
          ? 'Tokens of ECR are not issued per repository: these actions know no resources.'
          : 'The configuration names these repositories by this pattern, or allows the whole registry.',
    });
  }
}
