import { Duration, type Stack, Validations } from 'aws-cdk-lib';
import type { Role } from 'aws-cdk-lib/aws-iam';
import {
  WebFunction,
  WebFunctionAuthType,
  type WebFunctionCode,
  WebFunctionEndpointLocation,
  WebFunctionRuntime,
} from 'aws-cdk-lib/aws-lambda';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';

/** What the web function is given. */
export interface WebFunctionParts {
  readonly code: WebFunctionCode;
  readonly role: Role;
  readonly logs: LogGroup;
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
    code,
    role,
    logGroup: logs,
    // A replica in another region still uses the table, the bucket and the queue of this one.
    // The fill function works on the queue: this role may not write blobs.
    environment: {
      ...environment,
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
  Validations.of(web).acknowledge({
    id: 'Annotation::@aws-cdk/aws-lambda:webFunctionPublicEndpoint',
    reason: 'Meant: what the mirror serves is public to whoever knows its host name.',
  });
  return web.endpoint.domainName;
}
