import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Calls } from './calls.ts';

type PriceName =
  | 'lambdaRequest'
  | 'lambdaGigabyteSecond'
  | 'dynamodbRead'
  | 'dynamodbWrite'
  | 's3Get'
  | 's3Put'
  | 's3GigabyteMonth'
  | 'sqsRequest'
  | 'logGigabyte'
  | 'internetGigabyte'
  | 'ecrGigabyteMonth'
  | 'smallVmHour'
  | 'volumeGigabyteMonth'
  | 'fargateCpuHour'
  | 'fargateGigabyteHour'
  | 'loadBalancerHour';

/** List prices in US dollars, of a date. */
export type Prices = { readonly [name in PriceName]: number } & { readonly date: string };

/** Reads the price file of the project folder `root`. */
export async function readPrices(root: string): Promise<Prices> {
  return JSON.parse(await readFile(join(root, 'test/bench/aws/prices.json'), 'utf8'));
}

/** What the bench cannot count, because its services and upstream are on this machine. */
export const assumed = {
  /** The memory of the functions, in GB: infra/aws/stack/functions.ts. */
  pullMemory: 1,
  fillMemory: 1,
  /** What Lambda bills of a request that waits for nothing, in ms. */
  warmMs: 3,
  /** What a call of DynamoDB, S3 or SQS takes, in ms. */
  callMs: 5,
  /** What a request to an upstream takes, in ms. */
  upstreamMs: 150,
  /**
   * The fills of a message run side by side: how many calls of DynamoDB, S3 and SQS, and how many requests to
   * upstreams, one waits for after the other.
   */
  callsOfFill: 20,
  requestsOfFill: 2,
  /** The size of an image, in bytes, and how fast a fill moves it, in bytes per second. */
  imageBytes: 100e6,
  fillSpeed: 60e6,
} as const;

/** What a million pulls cost, in US dollars, by what is billed. */
export type Bill = Readonly<Record<(typeof billed)[number], number>>;

export const billed = [
  'DynamoDB, writes',
  'DynamoDB, reads',
  'S3, requests of the functions',
  'S3, GETs of clients',
  'SQS',
  'Lambda, pull function',
  'Lambda, fill function',
  'logs and metrics',
] as const;

/** A million pulls whose clients send `requests`, and download `downloads` blobs from the bucket. */
export function billOfPulls(calls: Calls, downloads: number, prices: Prices): Bill {
  const million = 1e6;
  return {
    'DynamoDB, writes': calls.writeUnits * prices.dynamodbWrite * million,
    'DynamoDB, reads': calls.readUnits * prices.dynamodbRead * million,
    'S3, requests of the functions':
      (calls.s3Puts * prices.s3Put + calls.s3Gets * prices.s3Get) * million,
    'S3, GETs of clients': downloads * prices.s3Get * million,
    SQS: calls.sqs * prices.sqsRequest * million,
    'Lambda, pull function': pullFunction(calls, prices) * million,
    'Lambda, fill function': 0,
    'logs and metrics': (calls.logged / 1e9) * prices.logGigabyte * million,
  };
}

/** A million pulls and the fills that each causes. */
export function billOfColdPulls(pulls: Calls, fills: Calls, prices: Prices): Bill {
  const ofPulls = billOfPulls(pulls, 0, prices);
  const ofFills = billOfPulls({ ...fills, requests: 0, upstream: 0, tableCalls: 0 }, 0, prices);
  const sums = billed.map((name) => [name, ofPulls[name] + ofFills[name]]);
  const bill = Object.fromEntries(sums) as Bill;
  return { ...bill, 'Lambda, fill function': fillFunction(fills, prices) * 1e6 };
}

export function sumOfBill(bill: Bill): number {
  return Object.values(bill).reduce((sum, one) => sum + one, 0);
}

/** The pull function waits for the table and for upstreams. */
function pullFunction({ requests, tableCalls, upstream }: Calls, prices: Prices): number {
  const { warmMs, callMs, upstreamMs, pullMemory } = assumed;
  const ms = requests * warmMs + tableCalls * callMs + upstream * upstreamMs;
  return requests * prices.lambdaRequest + gigabyteSeconds(ms, pullMemory, prices);
}

function fillFunction(calls: Calls, prices: Prices): number {
  const { callMs, callsOfFill, upstreamMs, requestsOfFill, fillMemory } = assumed;
  const moving = (assumed.imageBytes / assumed.fillSpeed) * 1000;
  const ms = moving + calls.fills * (callsOfFill * callMs + requestsOfFill * upstreamMs);
  return calls.fills * prices.lambdaRequest + gigabyteSeconds(ms, fillMemory, prices);
}

function gigabyteSeconds(ms: number, memory: number, prices: Prices): number {
  return (ms / 1000) * memory * prices.lambdaGigabyteSecond;
}

/** Two tasks of a quarter of a CPU and 1 GB, behind a load balancer or not. */
export interface ServerCost {
  readonly balanced: boolean;
  /** US dollars a month. */
  readonly month: number;
  /** From how many million warm pulls a month on it costs less than the pull function. */
  readonly cheaperFrom: number;
}

/** What `serve --store aws` costs on Fargate, which takes the place of the pull function. */
export function serverCosts(warm: Bill, prices: Prices): ServerCost[] {
  const hours = 730;
  const task = 0.25 * prices.fargateCpuHour + prices.fargateGigabyteHour;
  // Its clients read the bucket as well. Its metrics are at /metrics, so it needs no line a request.
  const perMillion = warm['Lambda, pull function'] + warm['logs and metrics'];
  return [false, true].map((balanced) => {
    const balancer = balanced ? prices.loadBalancerHour : 0;
    const month = (2 * task + balancer) * hours;
    return { balanced, month, cheaperFrom: month / perMillion };
  });
}

/** A row of the comparison: ours, ECR's pull-through cache, a small machine that is always on. */
export type CostRow = readonly [what: string, ours: number, ecr: number, vm: number];

/** What the three cost, in US dollars. */
export function compareCosts(warmPulls: number, prices: Prices): CostRow[] {
  const hours = 730;
  return [
    ['idle, a month', 0, 0, prices.smallVmHour * hours],
    ['a million warm pulls', warmPulls, 0, 0],
    [
      'a TB kept, a month',
      prices.s3GigabyteMonth * 1000,
      prices.ecrGigabyteMonth * 1000,
      prices.volumeGigabyteMonth * 1000,
    ],
    ['a TB to clients in the region', 0, 0, 0],
    [
      'a TB to clients on the internet',
      prices.internetGigabyte * 1000,
      prices.internetGigabyte * 1000,
      prices.internetGigabyte * 1000,
    ],
  ];
}
