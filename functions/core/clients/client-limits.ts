import type { MirrorEvent } from '../ports/event.ts';

/** What a client of one network may consume: an entry of `clients`. Sizes are in bytes. */
export interface ClientLimits {
  readonly pullsPerMinute?: number | undefined;
  readonly bytesPerMonth?: number | undefined;
  readonly largestBlob?: number | undefined;
  readonly limits: 'soft' | 'hard';
  /** In ms. */
  readonly urlLife?: number | undefined;
}

/** What one client may consume, of all its networks. */
export interface Allowance {
  /** Infinity: no limit. */
  readonly pullsPerMinute: number;
  readonly bytesPerMonth: number;
  readonly largestBlob: number;
  /** False: over a limit, the client only gets a Warning. */
  readonly isHard: boolean;
  /** How long its URLs are valid, in ms; undefined: as long as those of the bucket. */
  readonly urlLife: number | undefined;
}

/** The limits that refuse requests, by their keys. */
export type LimitName = Extract<MirrorEvent, { kind: 'client-limited' }>['limit'];

/** The limits of clients by the name of their network. */
export type LimitsByNetwork = Readonly<Record<string, ClientLimits>>;

/** Of `anonymous`, where clients have limits. In ms. */
const anonymousUrlLife = 5 * 60_000;

/** Of clients in a network without an entry. */
const unlimited: Allowance = {
  pullsPerMinute: Number.POSITIVE_INFINITY,
  bytesPerMonth: Number.POSITIVE_INFINITY,
  largestBlob: Number.POSITIVE_INFINITY,
  isHard: false,
  urlLife: undefined,
};

/**
 * What a client in these networks may consume: of several networks the most generous, limit by limit; a
 * network without an entry, or an entry without a limit, has none. `anonymous` is for clients in no network.
 * `bucketUrlLife`, in ms, is what `urlLife` overrides.
 */
export function allowanceOf(
  networks: readonly string[],
  limits: LimitsByNetwork,
  bucketUrlLife: number,
): Allowance {
  const names = networks.length === 0 ? ['anonymous'] : networks;
  const all = names.map((name) => oneAllowance(name, limits, bucketUrlLife));
  const most = (key: LimitName) => largest(all.map((one) => one[key]));
  const urlLife = largest(all.map((one) => one.urlLife ?? bucketUrlLife));
  return {
    pullsPerMinute: most('pullsPerMinute'),
    bytesPerMonth: most('bytesPerMonth'),
    largestBlob: most('largestBlob'),
    isHard: all.every(({ isHard }) => isHard),
    urlLife: urlLife === bucketUrlLife ? undefined : urlLife,
  };
}

/** The network whose limit a client in these networks has: the one with the most generous. */
export function tierOf(
  networks: readonly string[],
  limits: LimitsByNetwork,
  limit: LimitName,
): string {
  const most = (name: string) => limits[name]?.[limit] ?? Number.POSITIVE_INFINITY;
  const [first = 'anonymous', ...others] = networks;
  return others.reduce((best, name) => (most(name) > most(best) ? name : best), first);
}

function oneAllowance(name: string, limits: LimitsByNetwork, bucketUrlLife: number): Allowance {
  const entry = Object.hasOwn(limits, name) ? limits[name] : undefined;
  const isShort = name === 'anonymous' && Object.values(limits).some(hasLimit);
  const usual = isShort ? Math.min(anonymousUrlLife, bucketUrlLife) : undefined;
  if (entry === undefined) return { ...unlimited, urlLife: usual };
  const { pullsPerMinute, bytesPerMonth, largestBlob, urlLife } = entry;
  return {
    pullsPerMinute: pullsPerMinute ?? unlimited.pullsPerMinute,
    bytesPerMonth: bytesPerMonth ?? unlimited.bytesPerMonth,
    largestBlob: largestBlob ?? unlimited.largestBlob,
    isHard: entry.limits === 'hard',
    urlLife: urlLife ?? usual,
  };
}

function largest(numbers: readonly number[]): number {
  return numbers.reduce((most, one) => Math.max(most, one), 0);
}

function hasLimit({ pullsPerMinute, bytesPerMonth, largestBlob }: ClientLimits): boolean {
  return (pullsPerMinute ?? bytesPerMonth ?? largestBlob) !== undefined;
}

/** The longest life of any URL of a blob, in ms: so long its bytes must stay. */
export function longestUrlLife(limits: LimitsByNetwork, bucketUrlLife: number): number {
  return largest([bucketUrlLife, ...Object.values(limits).map(({ urlLife = 0 }) => urlLife)]);
}

/** `refused` and `warned` are over the limit. `remaining` includes this request; `reset` is in seconds from now. */
export interface Verdict {
  readonly kind: 'allowed' | 'warned' | 'refused';
  readonly limit: number;
  readonly remaining: number;
  readonly reset: number;
}

/** What a client consumed in the current minute or month, without this request. */
interface Consumption {
  readonly used: number;
  /** In ms since 1970. */
  readonly now: number;
}

/**
 * podman and CRI-O, which name the registry after `/v2`, cannot leave a mirror after the first manifest. So
 * what they need to finish a pull is refused only at this multiple of a limit: the manifests that the first
 * one names, and the blobs.
 */
const followsFirst = { pulls: 2, bytes: 1.1 };

/** Whether one more pull is within the limit of the minute. `mustFollow` if the client cannot leave. */
export function pullVerdict(
  { used, now }: Consumption,
  { pullsPerMinute: limit, isHard }: Allowance,
  mustFollow: boolean,
): Verdict {
  const most = mustFollow ? limit * followsFirst.pulls : limit;
  const reset = Math.max(1, Math.ceil((minuteOf(now) * minute + minute - now) / 1000));
  const remaining = Math.max(0, limit - used);
  if (used < most) return { kind: 'allowed', limit, remaining, reset };
  return { kind: isHard ? 'refused' : 'warned', limit, remaining, reset };
}

/** Whether the limit of the month leaves anything. A blob that begins below it may end above. */
export function monthVerdict(
  { used, now }: Consumption,
  { bytesPerMonth: limit, isHard }: Allowance,
  mustFollow: boolean,
): Verdict {
  const most = mustFollow ? limit * followsFirst.bytes : limit;
  const reset = Math.max(1, Math.ceil((monthAt(now).ends - now) / 1000));
  const remaining = Math.max(0, limit - used);
  if (used < most) return { kind: 'allowed', limit, remaining, reset };
  return { kind: isHard ? 'refused' : 'warned', limit, remaining, reset };
}

/** Whether a blob of this size, in bytes, is within the limit. */
export function sizeVerdict(
  size: number | undefined,
  { largestBlob, isHard }: Allowance,
): Verdict['kind'] {
  if (size === undefined || size <= largestBlob) return 'allowed';
  return isHard ? 'refused' : 'warned';
}

const minute = 60_000;

/** The minute of a time in ms, since 1970. */
export function minuteOf(now: number): number {
  return Math.floor(now / minute);
}

/** The calendar month (UTC) of a time: `2026-12`. */
export function monthOf(now: number): string {
  return monthAt(now).name;
}

interface Month {
  readonly name: string;
  /** In ms since 1970. */
  readonly begins: number;
  readonly ends: number;
}

/** The last month that was asked for: each request asks several times, and dates take a microsecond. */
let lastMonth: Month = { name: '', begins: 0, ends: 0 };

function monthAt(now: number): Month {
  if (now >= lastMonth.begins && now < lastMonth.ends) return lastMonth;
  const date = new Date(now);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  const [begins, ends] = [Date.UTC(year, month), Date.UTC(year, month + 1)];
  lastMonth = { name: date.toISOString().slice(0, 7), begins, ends };
  return lastMonth;
}
