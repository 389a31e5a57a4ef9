import { RetentionDays } from 'aws-cdk-lib/aws-logs';

/** What answers clients: a function behind its URL, or an HTTP server on Lambda Web Functions. */
export type Compute = 'function-url' | 'web-function';

/** Everything that can be chosen about the stack. */
export interface StackOptions {
  /** The stack's name in CloudFormation. */
  readonly name: string;
  readonly compute: Compute;
  /** The mirror's configuration file. */
  readonly config: string;
  /** Whether signed URLs name the bucket's hosts that have IPv6 addresses as well. */
  readonly dualStack: boolean;
  /** Reserved concurrency of the pull function; 0 reserves none, for fills neither. */
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
  /** Further regions of the web function, behind one host name. */
  readonly regions: readonly string[];
}

/**
 * What fits into a new account, whose functions share a quota of 10: nothing can be reserved there,
 * and fills leave half of it to clients.
 */
export const defaultConcurrency = { pull: 0, fill: 5 } as const;

/** What is reserved for each function; undefined for nothing. */
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

/** All options, or every mistake in them. */
export type ParsedOptions =
  | { readonly ok: StackOptions }
  | { readonly problems: readonly string[] };

type Context = Readonly<Record<string, unknown>>;

const known = [
  'name',
  'compute',
  'config',
  'dualStack',
  'pullConcurrency',
  'fillConcurrency',
  'logRetentionDays',
  'removeData',
  'deletionProtection',
  'hubUsername',
  'hubSecret',
  'alarmTopic',
  'regions',
];

const retentions = Object.values(RetentionDays).filter(
  (days): days is RetentionDays => typeof days === 'number',
);

/**
 * Reads the options from CDK's context (`-c compute=web-function`), where every value may be a text.
 * `config` stays relative to the folder of the app.
 */
export function parseOptions(context: Context): ParsedOptions {
  const problems: string[] = [];
  const text = (key: string): string | undefined => {
    const value = context[key];
    return value === undefined || value === '' ? undefined : String(value);
  };
  const matching = (key: string, pattern: RegExp, expected: string): string | undefined => {
    const value = text(key);
    if (value === undefined || pattern.test(value)) return value;
    problems.push(`${key}: found ${JSON.stringify(value)}, expected ${expected}`);
    return undefined;
  };
  const flag = (key: string) => matching(key, /^(?:true|false)$/, 'true or false') === 'true';
  const count = (key: string, fallback: number, least: number): number => {
    const expected = `a whole number, ${least} or more`;
    const value = matching(key, /^\d{1,5}$/, expected);
    if (value === undefined) return fallback;
    if (Number(value) < least) problems.push(`${key}: found ${value}, expected ${expected}`);
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
      problems.push(`${key}: found ${JSON.stringify(given)}, expected ${values.join(', ')}`);
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
    regions: (
      matching('regions', /^[a-z0-9-]+(?:,[a-z0-9-]+)*$/, 'regions with commas between') ?? ''
    )
      .split(',')
      .filter((region) => region !== ''),
  };
  if ((options.hubUsername === undefined) !== (options.hubSecret === undefined)) {
    problems.push('hubUsername and hubSecret: one is of no use without the other');
  }
  if (options.removeData && options.deletionProtection) {
    problems.push('removeData and deletionProtection: a protected table cannot be removed');
  }
  if (options.regions.length > 0 && options.compute !== 'web-function') {
    problems.push('regions: only a web function has several; a function URL has one');
  }
  problems.push(...unknownOptions(context));
  return problems.length > 0 ? { problems } : { ok: options };
}

/** CDK's own keys have signs in them; ours are plain words. */
function unknownOptions(context: Context): string[] {
  return Object.keys(context)
    .filter((key) => /^[A-Za-z]+$/.test(key) && !known.includes(key))
    .map((key) => `${key}: no such option; there are ${known.join(', ')}`);
}
