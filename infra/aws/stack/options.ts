import { RetentionDays } from 'aws-cdk-lib/aws-logs';

/** What answers clients: a function with a URL, or an HTTP server as a Lambda web function. */
export type Compute = 'function-url' | 'web-function';

/** The options of the stack. */
export interface StackOptions {
  /** The stack's name in CloudFormation. */
  readonly name: string;
  readonly compute: Compute;
  /** The mirror's configuration file, relative to infra/aws. */
  readonly config: string;
  /** Whether signed URLs use the bucket's host name that also has IPv6 addresses. */
  readonly dualStack: boolean;
  /** Reserved concurrency of the pull function; 0 reserves none, and none for fills either. */
  readonly pullConcurrency: number;
  /** How many fills run at once; also reserved, unless `pullConcurrency` is 0. */
  readonly fillConcurrency: number;
  readonly logRetentionDays: RetentionDays;
  /** Deletes the table and the bucket with the stack. */
  readonly removeData: boolean;
  /** Whether DynamoDB refuses to delete the table. */
  readonly deletionProtection: boolean;
  readonly hubUsername: string | undefined;
  /** The name or ARN of the secret that holds the password or token of `hubUsername`. */
  readonly hubSecret: string | undefined;
  /** The ARN of an SNS topic that alarms are sent to. */
  readonly alarmTopic: string | undefined;
  /** GB an hour that clients may get from the bucket before an alarm. */
  readonly downloadAlarm: number;
  /** US dollars that the account may cost in a month; 0: no budget. */
  readonly monthlyBudget: number;
  /** Further regions of the web function, behind one host name. */
  readonly regions: readonly string[];
}

/** A new account has a quota of 10: nothing can be reserved, and fills leave half of it to clients. */
export const defaultConcurrency = { pull: 0, fill: 5 } as const;

/** 100 GB cost up to 9 US dollars if they leave the region. */
export const defaultDownloadAlarm = 100;

/** In US dollars. */
export const defaultBudget = 50;

/** The reserved concurrency of each function; undefined reserves none. */
export function reservedConcurrency({
  pullConcurrency,
  fillConcurrency,
}: Pick<StackOptions, 'pullConcurrency' | 'fillConcurrency'>): {
  readonly pullReserved: number | undefined;
  readonly fillReserved: number | undefined;
} {
  const reserves = pullConcurrency > 0;
  return {
    pullReserved: reserves ? pullConcurrency : undefined,
    fillReserved: reserves ? fillConcurrency : undefined,
  };
}

/** The options, or all mistakes in them. */
export type ParsedOptions =
  | { readonly ok: StackOptions }
  | { readonly problems: readonly string[] };

type Context = Readonly<Record<string, unknown>>;

const retentions = Object.values(RetentionDays).filter(
  (days): days is RetentionDays => typeof days === 'number',
);

/** Reads the options from CDK's context (`-c compute=web-function`), where every value may be a string. */
export function parseOptions(context: Context): ParsedOptions {
  const problems: string[] = [];
  const text = (key: string): string | undefined => {
    const value = context[key];
    return value === undefined || value === '' ? undefined : String(value);
  };
  const matching = (key: string, pattern: RegExp, expected: string): string | undefined => {
    const value = text(key);
    if (value === undefined || pattern.test(value)) return value;
    problems.push(`${key}: expected ${expected}, got ${JSON.stringify(value)}`);
    return undefined;
  };
  const flag = (key: string) => matching(key, /^(?:true|false)$/, 'true or false') === 'true';
  const count = (key: string, fallback: number, least: number): number => {
    const expected = `a whole number from ${least}`;
    const value = matching(key, /^\d{1,5}$/, expected);
    if (value === undefined) return fallback;
    if (Number(value) < least) problems.push(`${key}: expected ${expected}, got "${value}"`);
    return Number(value);
  };
  const oneOf = <Value extends string | number>(
    key: string,
    values: readonly Value[],
    fallback: Value,
  ): Value => {
    const given = text(key);
    if (given === undefined) return fallback;
    const found = values.find((value) => String(value) === given);
    if (found === undefined) {
      problems.push(`${key}: expected one of ${values.join(', ')}, got ${JSON.stringify(given)}`);
    }
    return found ?? fallback;
  };

  const options: StackOptions = {
    name: matching('name', /^[a-z][a-z0-9-]{0,30}$/, 'up to 31 of a-z, 0-9 and "-"') ?? 'pullfront',
    compute: oneOf('compute', ['function-url', 'web-function'], 'function-url'),
    config: text('config') ?? 'pullfront.json',
    dualStack: flag('dualStack'),
    pullConcurrency: count('pullConcurrency', defaultConcurrency.pull, 0),
    fillConcurrency: count('fillConcurrency', defaultConcurrency.fill, 2),
    logRetentionDays: oneOf('logRetentionDays', retentions, RetentionDays.ONE_MONTH),
    removeData: flag('removeData'),
    deletionProtection: flag('deletionProtection'),
    hubUsername: text('hubUsername'),
    hubSecret: text('hubSecret'),
    alarmTopic: matching('alarmTopic', /^arn:[\w-]+:sns:/, 'the ARN of an SNS topic'),
    downloadAlarm: count('downloadAlarm', defaultDownloadAlarm, 1),
    monthlyBudget: count('monthlyBudget', defaultBudget, 0),
    regions: (
      matching('regions', /^[a-z0-9-]+(?:,[a-z0-9-]+)*$/, 'a comma-separated list of regions') ?? ''
    )
      .split(',')
      .filter((region) => region !== ''),
  };
  if ((options.hubUsername === undefined) !== (options.hubSecret === undefined)) {
    problems.push('hubUsername and hubSecret: set both or neither');
  }
  if (options.removeData && options.deletionProtection) {
    problems.push('removeData and deletionProtection: a protected table cannot be removed');
  }
  if (options.regions.length > 0 && options.compute !== 'web-function') {
    problems.push('regions: only a web function can have several');
  }
  const known = Object.keys(options);
  // CDK's own keys have other characters.
  const unknown = Object.keys(context).filter(
    (key) => /^[A-Za-z]+$/.test(key) && !known.includes(key),
  );
  for (const key of unknown) {
    problems.push(`unknown option "${key}"; the options are ${known.join(', ')}`);
  }
  return problems.length > 0 ? { problems } : { ok: options };
}
