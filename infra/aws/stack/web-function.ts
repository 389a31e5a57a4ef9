import { Aws, Duration, type Stack, Validations } from 'aws-cdk-lib';
import type { Role } from 'aws-cdk-lib/aws-iam';
import {
  WebFunction,
  WebFunctionAuthType,
  type WebFunctionCode,
  WebFunctionEndpointLocation,
  WebFunctionRuntime,
} from 'aws-cdk-lib/aws-lambda';
import type { PullLogs } from './logs.ts';

export interface WebFunctionParts {
  readonly code: WebFunctionCode;
  readonly role: Role;
  readonly logs: PullLogs;
  readonly environment: Record<string, string>;
  /** Regions besides the stack's own. */
  readonly regions: readonly string[];
}

/** Limits the cost of a flood: this many environments, each with up to 64 requests at a time. */
const maxEnvironments = 10;

/**
 * Adds `pullfront serve` as a Lambda web function, and returns its host name. The endpoint is public,
 * because registry clients cannot sign requests for AWS.
 */
export function addWebFunction(stack: Stack, parts: WebFunctionParts): string {
  const { code, role, logs, environment, regions } = parts;
  const web = new WebFunction(stack, 'Web', {
    // With the region, as a stack of the same name elsewhere may have a replica in this one.
    webFunctionName: `${Aws.STACK_NAME}-${Aws.REGION}`,
    code,
    role,
    logGroup: logs.group,
    // A replica in another region uses the stores of this one. It must not handle fills: its role
    // cannot write blobs.
    environment: {
      ...environment,
      // A server reads the file itself, not a resolved one.
      PULLFRONT_CONFIG: '/var/task/pullfront.json',
      PULLFRONT_AWS_REGION: stack.region,
      PULLFRONT_AWS_FILLS: 'elsewhere',
    },
    runtime: WebFunctionRuntime.NODEJS_24_X,
    timeout: Duration.seconds(60),
    defaultEndpointAuth: WebFunctionAuthType.APPLICATION_MANAGED,
    defaultEndpoint: {
      maxEnvironments,
      endpointLocation:
        regions.length === 0
          ? WebFunctionEndpointLocation.homeRegion()
          : WebFunctionEndpointLocation.multiRegion([...regions]),
    },
  });
  // If the group is missing, Lambda creates it, and the stack cannot any more.
  web.node.addDependency(logs.written);
  Validations.of(web).acknowledge({
    id: 'Annotation::@aws-cdk/aws-lambda:webFunctionPublicEndpoint',
    reason: 'Intended: everyone who knows the host name may pull from the mirror.',
  });
  return web.endpoint.domainName;
}
