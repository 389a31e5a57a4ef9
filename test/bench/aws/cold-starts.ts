import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunningAws } from '../../forms/aws/functions.ts';
import {
  bareFunction,
  ColdStarts,
  measureByTurns,
  withFunction,
} from '../../runtime/aws/cold-start.ts';
import { startTableStandIn } from './table-stand-in.ts';

/** What the first answer of a new instance takes, in ms. */
export interface ColdRows {
  /** A function that does nothing; all else is to be compared with it. */
  readonly bare: ColdStarts;
  /** One that asks two things by Node's own modules, and does nothing else. */
  readonly asking: ColdStarts;
  readonly ping: ColdStarts;
  /** A manifest by tag, from the DynamoDB of the bench. */
  readonly manifest: ColdStarts;
  /** How much of the latter DynamoDB took, on average. */
  readonly table: number;
  /** The same manifest, with DynamoDB's answers kept beforehand. */
  readonly kept: ColdStarts;
  /** The same of another build. */
  readonly beside: ColdStarts | undefined;
}

/** What every function loads and runs that signs a request and sends it by Node's own client. */
const askingFunction = `
import { createHash } from 'node:crypto';
import { Agent, request } from 'node:http';
import 'node:https';
const agent = new Agent({ keepAlive: true });
const ask = (body) => new Promise((resolve, reject) => {
  const headers = { 'content-length': body.length, 'x-amz-target': 'DynamoDB_20120810.GetItem' };
  const sent = request(process.env.TABLE, { method: 'POST', agent, headers }, (response) => {
    const chunks = [];
    response.on('data', (chunk) => chunks.push(chunk));
    response.on('end', () => resolve(Buffer.concat(chunks)));
  });
  sent.on('error', reject);
  sent.end(body);
});
export const handler = async () => {
  for (const body of JSON.parse(process.env.ASKED)) {
    createHash('sha256').update(await ask(body)).digest('hex');
  }
  return { statusCode: 200, body: '{}' };
};
`;

/**
 * Measures so many instances of each; the manifest must be in the table. `beside` is the folder of
 * another build's pull function, to be compared with this one's.
 */
export async function measureColdRows(
  aws: RunningAws,
  target: string,
  times: number,
  beside?: string,
): Promise<ColdRows> {
  const pull = aws.functionOf('pull');
  const { endpoint } = aws.dynamoDb;
  const standIn = await startTableStandIn(endpoint, { keeps: false });
  const keeping = await startTableStandIn(endpoint, { keeps: true });
  const behind = (endpoint: string, folder = pull.folder) => ({
    folder,
    environment: { ...pull.environment, PULLFRONT_AWS_ENDPOINTS_DYNAMODB: endpoint },
  });
  try {
    const ping = new ColdStarts({ ...behind(keeping.endpoint), target: '/v2/' });
    const manifest = new ColdStarts({ ...behind(standIn.endpoint), target });
    const kept = new ColdStarts({ ...behind(keeping.endpoint), target });
    const other =
      beside === undefined
        ? undefined
        : new ColdStarts({
            ...behind(keeping.endpoint, await configured(beside, pull.folder)),
            target,
          });
    await kept.measureOne();
    // Another build may word its calls differently.
    await other?.measureOne();
    const environment = { TABLE: keeping.endpoint, ASKED: JSON.stringify(keeping.asked) };
    const others = await withFunction(bareFunction, (made) =>
      withFunction(askingFunction, async (asker) => {
        const bare = new ColdStarts(made);
        const asking = new ColdStarts({ ...asker, environment });
        const others = other === undefined ? [] : [other];
        await measureByTurns([bare, asking, ping, manifest, kept, ...others], times);
        return { bare, asking };
      }),
    );
    const table = standIn.milliseconds / times;
    return { ...others, ping, manifest, kept, beside: other, table };
  } finally {
    standIn.close();
    keeping.close();
  }
}

/** A copy of the build at `beside` with the configuration of ours, among ours. */
async function configured(beside: string, ours: string): Promise<string> {
  const folder = `${ours}-beside`;
  await cp(beside, folder, { recursive: true });
  await cp(join(ours, 'configuration.json'), join(folder, 'configuration.json'));
  return folder;
}

/** The rows as they are printed: times above the bare function's, and the aim. */
export function coldLines({
  bare,
  asking,
  ping,
  manifest,
  table,
  kept,
  beside,
}: ColdRows): string[] {
  const line = (what: string, { both, cpu }: ColdStarts) => {
    const above = [
      both.median - bare.both.median,
      both.least - bare.both.least,
      cpu.median - bare.cpu.median,
      cpu.least - bare.cpu.least,
    ];
    return `${what.padEnd(42)}${above.map((ms) => ms.toFixed(1).padStart(9)).join('')}`;
  };
  const ofIt = (what: string, milliseconds: number) =>
    `${what.padEnd(42)}${milliseconds.toFixed(1).padStart(9)}`;
  const columns = ['median', 'least', 'CPU', 'least'].map((name) => name.padStart(9)).join('');
  return [
    `${'cold start above a bare function, ms'.padEnd(42)}${columns}`,
    line('two calls by Node alone, no Pullfront', asking),
    line('/v2/', ping),
    line('manifest', manifest),
    ofIt('  import', manifest.load.median),
    ofIt('  first answer', manifest.first.median),
    ofIt('  of which the table took (mean)', table),
    line("manifest, the table's answers kept", kept),
    ...(beside === undefined ? [] : [line('  the same of the other build', beside)]),
  ];
}
