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

/** What the web function is given. */
export interface WebFunctionParts {
  readonly code: WebFunctionCode;
  readonly role: Role;
  readonly logs: PullLogs;
  readonly environment: Record<string, string>;
  /** Further regions; empty for the stack's own alone. */
  readonly regions: readonly string[];
}

/** Caps what a flood can cost: this many environments, each with up to 64 requests at a time. */
const maxEnvironments = 10;

/**
 * Adds `pullfront serve` as a Lambda Web Function, an ordinary HTTP server, and gives its host name.
 * Its endpoint is public: clients of registries cannot sign requests for AWS.
 */
export function addWebFunction(stack: Stack, parts: WebFunctionParts): string {
  const { code, role, logs, environment, regions } = parts;
  const web = new WebFunction(stack, 'Web', {
    // By the region as well: a stack of the same name elsewhere may have its replica here.
    webFunctionName: `${Aws.STACK_NAME}-${Aws.REGION}`,
    code,
    role,
    logGroup: logs.group,
    // A replica in another region still uses the table, the bucket and the queue of this one.
    // The fill function works on the queue: this role may not write blobs.
    environment: {
      ...environment,
      // A server reads the file as people write it.
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
  // Lambda makes this group when it is missing, and then the stack could not.
  web.node.addDependency(logs.written);
  Validations.of(web).acknowledge({
    id: 'Annotation::@aws-cdk/aws-lambda:webFunctionPublicEndpoint',
    reason: 'Meant: what the mirror serves is public to whoever knows its host name.',
  });
  return web.endpoint.domainName;
}
