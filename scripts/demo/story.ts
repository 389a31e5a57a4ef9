import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Pull, pull } from './puller.ts';
import { endServers, type Standin, startPullfront, startStandin } from './servers.ts';

const pulls = 30;
const concurrency = 6;
const repository = 'library/app';
const tag = 'latest';
const pullLimit = { limit: 10, windowSeconds: 21600 };
const standin = {
  settings: { auth: 'anonymous', pullLimit },
  images: [{ repository, tag, layers: 6, layerBytes: 2_000_000 }],
};

interface Row {
  readonly name: string;
  readonly pulls: number;
  readonly failed: number;
  readonly upstreamGets: number;
  readonly upstreamBytes: number;
}

const print = (text: string) => process.stdout.write(text);

/** Pulls `count` times, a few at once. Prints a dot for each success and an x for each failure. */
async function pullMany(registry: string, count: number): Promise<Pull[]> {
  const results: Pull[] = [];
  let started = 0;
  const worker = async () => {
    while (started < count) {
      started += 1;
      const result = await pull(registry, repository, tag);
      results.push(result);
      print(result.kind === 'pulled' ? '.' : 'x');
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, count) }, worker));
  print('\n');
  const failure = results.find((result) => result.kind === 'failed');
  if (failure) print(`  ${failure.status}: ${failure.message}\n`);
  return results;
}

async function chapter(name: string, registry: string, count: number, hub: Standin): Promise<Row> {
  await hub.command('clear');
  print(`\n${name}\n  `);
  const results = await pullMany(registry, count);
  const { manifestGets, blobBytes } = await hub.counts();
  const failed = results.filter((result) => result.kind === 'failed').length;
  return { name, pulls: count, failed, upstreamGets: manifestGets, upstreamBytes: blobBytes };
}

function table(rows: readonly Row[]): string {
  const head = ['', 'pulls', 'failed', 'upstream GETs', 'bytes from upstream'];
  const lines = [
    head,
    ...rows.map((row) => [
      row.name,
      String(row.pulls),
      String(row.failed),
      String(row.upstreamGets),
      `${(row.upstreamBytes / 1e6).toFixed(1)} MB`,
    ]),
  ];
  const width = (column: number) => Math.max(...lines.map((line) => line[column]?.length ?? 0));
  const pad = (cell: string, column: number) =>
    column === 0 ? cell.padEnd(width(0)) : cell.padStart(width(column));
  return lines.map((line) => line.map(pad).join('  ').trimEnd()).join('\n');
}

/** Tells whether the demo showed what it should. */
function isAsExpected(rows: readonly Row[]): boolean {
  const [direct, mirrored, offline] = rows;
  return (
    direct?.failed === pulls - 10 &&
    mirrored?.failed === 0 &&
    mirrored.upstreamGets === 1 &&
    offline?.failed === 0 &&
    offline.upstreamGets === 0
  );
}

const [standinProgram = '', pullfrontProgram = ''] = process.argv.slice(2);
const data = await mkdtemp(join(tmpdir(), 'pullfront-demo-'));
process.once('SIGINT', () => {
  void endServers().finally(() => process.exit(130));
});
try {
  print(
    'Starting a stand-in for Docker Hub: anonymous tokens, 10 pulls in 6 hours, a CDN for blobs.\n',
  );
  const hub = await startStandin(standinProgram, standin);
  const mirror = await startPullfront(pullfrontProgram, hub.url, data);
  const rows = [await chapter(`${pulls} pulls straight at the registry`, hub.url, pulls, hub)];
  print('\nSix hours later the limit is 10 again.\n');
  await hub.command('set', { pullLimit });
  rows.push(await chapter(`${pulls} pulls through Pullfront`, mirror, pulls, hub));
  print('\nThe registry goes down.\n');
  await hub.command('stop');
  rows.push(await chapter('1 pull through Pullfront, registry down', mirror, 1, hub));
  print(`\n${table(rows)}\n`);
  if (!isAsExpected(rows)) {
    print('\nThe demo did not go as expected.\n');
    process.exitCode = 1;
  }
} finally {
  await endServers();
  await rm(data, { recursive: true, force: true });
}
