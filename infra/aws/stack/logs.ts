import { ArnFormat, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import {
  FilterPattern,
  LogGroup,
  type LogGroupProps,
  type RetentionDays,
} from 'aws-cdk-lib/aws-logs';
import { type MetricName, namespace } from '../../../functions/aws/metrics/metric-log.ts';

/** The log groups of the function that answers clients. */
export interface PullLogs {
  /** The group to read. */
  readonly group: LogGroup;
  /** The group that the function writes to in the stack's region. */
  readonly written: LogGroup;
  /** The ARNs of groups that Lambda creates with the function's role, with their streams. */
  readonly localArns: readonly string[];
}

/** Adds the log group of a function. It is deleted with the stack. */
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
 * Adds the log groups of a web function. Lambda writes to `NAME.local` in each region where it runs and
 * copies from there to `NAME` in the stack's region (Lambda developer guide, "Web Function logs in
 * Amazon CloudWatch Logs"). Lambda creates missing groups, which never expire and outlive the stack, so
 * the stack creates the one in its own region.
 */
export function addWebLogs(
  stack: Stack,
  retention: RetentionDays,
  regions: readonly string[],
): PullLogs {
  const group = addLogs(stack, 'PullLogs', retention);
  // A server's log has no metrics in it.
  group.addMetricFilter('StoreFailures', {
    filterPattern: FilterPattern.stringValue('$.message', '=', 'store-failed'),
    metricNamespace: namespace,
    metricName: 'StoreFailures' satisfies MetricName,
    metricValue: '1',
  });
  const logGroupName = `${group.logGroupName}.local`;
  const arnIn = (region: string) =>
    stack.formatArn({
      service: 'logs',
      region,
      resource: 'log-group',
      // Depending on the action, nothing, ":*" or a stream's name follows.
      resourceName: `${logGroupName}*`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  return {
    group,
    written: addLogs(stack, 'PullLocalLogs', retention, { logGroupName }),
    localArns: [stack.region, ...regions].map(arnIn),
  };
}
