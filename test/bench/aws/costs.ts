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
  | 'volumeGigabyteMonth';

/** List prices in US dollars, of a date. */
export type Prices = { readonly [name in PriceName]: number } & { readonly date: string };

/** Reads the price file of the project folder `root`. */
export async function readPrices(root: string): Promise<Prices> {
  return JSON.parse(await readFile(join(root, 'test/bench/aws/prices.json'), 'utf8'));
}

/** The pull function's memory in GB, and what Lambda bills of a warm request, in ms, at least. */
const pullMemory = 1;
const billedWarm = 3;

/** Three calls of SQS move a message: sent, received, deleted. */
const callsOfMessage = 3;

/** What a million pulls cost, in US dollars: functions, table, queue, logs, and GETs of blobs. */
export function costOfPulls(calls: Calls, blobs: number, prices: Prices): number {
  const lambda =
    calls.requests *
    (prices.lambdaRequest + (pullMemory * billedWarm * prices.lambdaGigabyteSecond) / 1000);
  const table = calls.reads * prices.dynamodbRead + calls.writes * prices.dynamodbWrite;
  const queue = calls.sqs * callsOfMessage * prices.sqsRequest;
  const logs = (calls.logged / 1e9) * prices.logGigabyte;
  return (lambda + table + queue + logs + blobs * prices.s3Get) * 1e6;
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
