import { execFileSync } from 'node:child_process';
import { deployedNode } from '../../forms/aws/deployed-node.ts';
import { type AwsOptions, type RunningAws, startAws } from '../../forms/aws/functions.ts';
import { type Image, makeImage } from '../../standins/images/image.ts';
import { randomLayer } from '../../standins/images/layer.ts';
import { startUpstream, type Upstream } from '../../standins/registry/upstream.ts';
import { machineFacts } from '../machine.ts';
import { type Calls, callsOf, differenceOf, filled, pullOf } from './calls.ts';
import { coldLines, measureColdRows } from './cold-starts.ts';
import {
  assumed,
  type Bill,
  billed,
  billOfColdPulls,
  billOfPulls,
  compareCosts,
  type Prices,
  readPrices,
  serverCosts,
  sumOfBill,
} from './costs.ts';
import { measureFill } from './fill.ts';
import { measurePresign } from './presign.ts';
import { measureWarmRequests } from './warm-requests.ts';

const repository = 'library/app';
const layers = 8;

/** Warms an instance: it asks the upstream for a token once, and the table whether to evict. */
async function ask(aws: RunningAws, name: string): Promise<void> {
  await (await aws.get(`/v2/${name}/manifests/1`)).arrayBuffer();
}

/** What a cold pull takes in the pull function alone. */
async function coldPull(options: AwsOptions, upstream: Upstream, image: Image): Promise<Calls> {
  const aws = await startAws(options);
  try {
    await ask(aws, 'library/first');
    return await callsOf({ aws, upstream }, () => pullOf(aws, repository, image));
  } finally {
    await aws.close();
  }
}

/**
 * Runs the bench in the project folder `root`; gives the exit code. `--short` is a smaller one,
 * `--costs` ends with what pulls cost, `--cold` with the new instances, and
 * `--beside=FOLDER` compares new instances with those of another build (its folder `dist/aws/pull`).
 */
export async function main(args: readonly string[], root: string): Promise<number> {
  const short = args.includes('--short');
  const beside = args.find((arg) => arg.startsWith('--beside='))?.slice('--beside='.length);
  const machine = machineFacts([]);
  const { date, cores, cpu, node, load } = machine;
  const functions = execFileSync(deployedNode, ['--version'], { encoding: 'utf8' }).trim();
  console.log(`${date}, ${cores} cores (${cpu}), load ${load.toFixed(1)}`);
  console.log(`functions on Node ${functions}, all else on ${node}\n`);
  const upstream = await startUpstream({ auth: 'anonymous' });
  const image = makeImage({
    layers: Array.from({ length: layers }, (_, at) => randomLayer(`bench-${at}`, 50_000)),
  });
  upstream.add(repository, image, '1');
  upstream.add('library/first', makeImage({ layers: [randomLayer('first', 1000)] }), '1');
  const configuration = {
    upstreams: { 'docker.io': { url: upstream.url } },
    // As infra/aws/pullfront.json: the evictor looks at the count of stored bytes after each fill.
    limits: { storeBytes: '500GB' },
  };
  const aws = await startAws({ configuration });
  try {
    const observed = { aws, upstream };
    const pull = () => pullOf(aws, repository, image);
    const cold = await coldPull({ configuration, fillers: 0 }, upstream, image);
    await ask(aws, 'library/first');
    await filled(aws);
    const both = await callsOf(observed, async () => {
      const requests = await pull();
      await filled(aws);
      return requests;
    });
    const fills = differenceOf(both, cold);
    await pull();
    const warm = await callsOf(observed, pull);
    aws.kill('pull');
    const fresh = await callsOf(observed, pull);
    printCalls({ 'cold pull': cold, fills, 'warm, new instance': fresh, 'warm pull': warm });
    const prices = await readPrices(root);
    const warmBill = billOfPulls(warm, layers + 1, prices);
    printBills(billOfColdPulls(cold, fills, prices), warmBill, prices);
    if (args.includes('--costs')) return 0;

    const paths = {
      tag: `/v2/${repository}/manifests/1`,
      digest: `/v2/${repository}/manifests/${image.manifest.digest}`,
      blob: `/v2/${repository}/blobs/${image.config.digest}`,
    };
    const requests = await measureWarmRequests(aws, paths);
    row('warm manifest by tag, in process', requests.tag, 'µs', 'at most 150');
    row('warm manifest by digest, in process', requests.digest, 'µs', 'at most 150');
    row('warm 307, in process', requests.blob, 'µs', 'at most 80');
    row('a new signed URL', measurePresign(), 'µs');

    const rows = await measureColdRows(aws, paths.tag, short ? 5 : 21, beside);
    console.log(['', ...coldLines(rows), ''].join('\n'));
    if (args.includes('--cold')) return 0;

    const bytes = short ? 200e6 : 1e9;
    const fill = await measureFill(bytes);
    const { relay } = fill;
    const goal = `at least ${(0.6 * fill.sha256).toFixed(0)}`;
    row(`fill of ${bytes / 1e6} MB, all on this machine`, fill.speed, 'MB/s', goal);
    row('a bare relay from socket to socket, the same', relay.speed, 'MB/s');
    row('fill, for a second of its own CPU time', fill.perCpuSecond, 'MB', goal);
    row('bare relay, the same', relay.perCpuSecond, 'MB');
    row('fill, the same with its start', fill.withStart, 'MB');
    row('SHA-256 alone', fill.sha256, 'MB/s');
    row('fill: highest RSS', fill.memory, 'MB', 'at most 200');

    return 0;
  } finally {
    await aws.close();
    await upstream.close();
  }
}

function printCalls(all: Readonly<Record<string, Calls>>): void {
  const names = Object.keys(Object.values(all)[0] ?? {}) as (keyof Calls)[];
  console.log(''.padEnd(20) + names.map((name) => name.padStart(11)).join(''));
  for (const [what, calls] of Object.entries(all)) {
    console.log(what.padEnd(20) + names.map((name) => String(calls[name]).padStart(11)).join(''));
  }
  console.log('');
}

/** What pulls cost by what is billed, and what else one pays for. */
function printBills(cold: Bill, warm: Bill, prices: Prices): void {
  const { imageBytes, fillSpeed, upstreamMs } = assumed;
  const dollars = (one: number) => one.toFixed(2).padStart(9);
  console.log(
    `US dollars, list prices of us-east-1, ${prices.date}; ${imageBytes / 1e6} MB an image at ${fillSpeed / 1e6} MB/s, ${upstreamMs} ms a request upstream\n`,
  );
  console.log(`${'a million pulls'.padEnd(34)}${'cold'.padStart(9)}${'warm'.padStart(9)}`);
  for (const name of billed)
    console.log(name.padEnd(34) + dollars(cold[name]) + dollars(warm[name]));
  console.log(`${'together'.padEnd(34)}${dollars(sumOfBill(cold))}${dollars(sumOfBill(warm))}`);
  for (const { balanced, month, cheaperFrom } of serverCosts(warm, prices)) {
    const what = balanced ? 'two tasks and a load balancer' : 'two tasks on Fargate';
    const from = `cheaper from ${cheaperFrom.toFixed(1)} M pulls a month`;
    console.log(`${what.padEnd(34)}${dollars(month)} a month, ${from}`);
  }
  console.log(`\n${''.padEnd(34)}${'ours'.padStart(9)}${'ECR'.padStart(9)}${'VM'.padStart(9)}`);
  for (const [what, ...costs] of compareCosts(sumOfBill(warm), prices)) {
    console.log(what.padEnd(34) + costs.map(dollars).join(''));
  }
  console.log('');
}

function row(what: string, value: number, unit: string, goal = ''): void {
  console.log(`${what.padEnd(46)}${value.toFixed(1).padStart(9)} ${unit.padEnd(6)}${goal}`);
}
