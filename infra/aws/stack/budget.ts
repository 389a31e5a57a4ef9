import { Aws, type CfnCondition, Fn, type Stack } from 'aws-cdk-lib';
import { CfnBudget } from 'aws-cdk-lib/aws-budgets';

/** What the account may cost in a month. Values may be parameters of a template. */
export interface Budget {
  /** US dollars. */
  readonly dollars: number;
  /** The ARN of the SNS topic that is told; undefined: the budget is only displayed. */
  readonly topic: string | undefined;
  /** Whether there is a topic, if only the deployment knows. */
  readonly topicCondition?: CfnCondition;
  /** Whether there is a budget, if only the deployment knows. */
  readonly condition?: CfnCondition;
}

/** In percent. */
const [spent, forecast] = [80, 100];

/**
 * Adds a budget of the whole account: what one stack costs is known only where its tag is activated for
 * cost allocation. Traffic is in it, which no estimate of the dashboard has.
 */
export function addBudget(
  stack: Stack,
  { dollars, topic, topicCondition, condition }: Budget,
): void {
  const budget = new CfnBudget(stack, 'Budget', {
    budget: {
      budgetType: 'COST',
      timeUnit: 'MONTHLY',
      budgetLimit: { amount: dollars, unit: 'USD' },
    },
  });
  if (condition !== undefined) budget.cfnOptions.condition = condition;
  if (topic === undefined) return;
  const notifications = [notify(topic, 'ACTUAL', spent), notify(topic, 'FORECASTED', forecast)];
  budget.addPropertyOverride(
    'NotificationsWithSubscribers',
    topicCondition === undefined
      ? notifications
      : Fn.conditionIf(topicCondition.logicalId, notifications, Aws.NO_VALUE),
  );
}

function notify(topic: string, type: string, percent: number) {
  return {
    Notification: {
      NotificationType: type,
      Threshold: percent,
      ThresholdType: 'PERCENTAGE',
      ComparisonOperator: 'GREATER_THAN',
    },
    Subscribers: [{ SubscriptionType: 'SNS', Address: topic }],
  };
}
