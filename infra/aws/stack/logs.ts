import { ArnFormat, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import { LogGroup, type LogGroupProps, type RetentionDays } from 'aws-cdk-lib/aws-logs';

/** Where the lines go of what answers clients. */
export interface PullLogs {
  /** The group to look into. */
  readonly group: LogGroup;
  /** The group that lines are written to, in the stack's own region. */
  readonly written: LogGroup;
  /** The ARNs of groups that Lambda makes as the function's role, with their streams. */
  readonly localArns: readonly string[];
}

/** Adds the log group of a function. It goes with the stack. */
export function addLogs(
  stack: Stack,
  id: string,
  retention: RetentionDays,
  named: Pick<LogGroupProps, 'logGroupName'> = {},
): LogGroup {
  return new LogGroup(stack, id, { retention, removalPolicy: RemovalPolicy.DESTROY, ...named });
}

/** Adds the log group of the function behind a URL. */
export function addUrlLogs(stack: Stack, retention: RetentionDays): PullLogs {
  const group = addLogs(stack, 'PullLogs', retention);
  return { group, written: group, localArns: [] };
}

/**
 * Adds the log groups of a web function. Lambda writes to `NAME.local` in each region where it runs
 * and copies from there to `NAME` in the stack's own (Lambda developer guide, "Web Function logs in
 * Amazon CloudWatch Logs"). It makes a group that is missing; one that it made keeps its lines for
 * ever and outlives the stack, so the one in the stack's own region is made here.
 */
export function addWebLogs(
  stack: Stack,
  retention: RetentionDays,
  regions: readonly string[],
): PullLogs {
  const group = addLogs(stack, 'PullLogs', retention);
  const logGroupName = `${group.logGroupName}.local`;
  const arnIn = (region: string) =>
    stack.formatArn({
      service: 'logs',
      region,
      resource: 'log-group',
      // What follows the name is nothing, ":*" or a stream's name, by the action.
      resourceName: `${logGroupName}*`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  return {
    group,
    written: addLogs(stack, 'PullLocalLogs', retention, { logGroupName }),
    localArns: [stack.region, ...regions].map(arnIn),
  };
}
