import { execFileSync } from 'node:child_process';
import { deployedNode } from '../../forms/aws/deployed-node.ts';
import { startAws } from '../../forms/aws/functions.ts';
import { makeImage } from '../../standins/images/image.ts';
import { randomLayer } from '../../standins/images/layer.ts';
import { startUpstream } from '../../standins/registry/upstream.ts';
import { machineFacts } from '../machine.ts';
import { type Calls, callsOf, filled, pullOf } from './calls.ts';
import { coldLines, measureColdRows } from './cold-starts.ts';
import { compareCosts, costOfPulls, readPrices } from './costs.ts';
import { measureFill } from './fill.ts';
import { measurePresign } from './presign.ts';
import { measureWarmRequests } from './warm-requests.ts';

const repository = 'library/app';
const layers = 8;

/**
 * Runs the bench in the project folder `root`; gives the exit code. `--short` is a smaller one,
 * `--cold` ends with the new instances, and
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
  const configuration = { upstreams: { 'docker.io': { url: upstream.url } } };
  const aws = await startAws({ configuration });
  try {
    const pull = () => pullOf(aws, repository, image);
    const cold = await callsOf(aws, pull);
    const fills = await callsOf(aws, async () => {
      await filled(aws);
      return 0;
    });
    await pull();
    const warm = await callsOf(aws, pull);
    aws.kill('pull');
    const fresh = await callsOf(aws, pull);
    printCalls({ 'cold pull': cold, fills, 'warm, new instance': fresh, 'warm pull': warm });

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

    const prices = await readPrices(root);
    const million = costOfPulls(warm, layers + 1, prices);
    console.log(`\nUS dollars, list prices of us-east-1, ${prices.date}`);
    console.log(`${'a million cold pulls'.padEnd(34)}${costOfPulls(cold, 0, prices).toFixed(2)}`);
    console.log(`\n${''.padEnd(34)}${'ours'.padStart(9)}${'ECR'.padStart(9)}${'VM'.padStart(9)}`);
    for (const [what, ...costs] of compareCosts(million, prices)) {
      console.log(what.padEnd(34) + costs.map((one) => one.toFixed(2).padStart(9)).join(''));
    }
    return 0;
  } finally {
    await aws.close();
    await upstream.close();
  }
}

function printCalls(all: Readonly<Record<string, Calls>>): void {
  const columns = ['requests', 'reads', 'writes', 's3', 'sqs', 'logged'] as const;
  console.log(''.padEnd(22) + columns.map((name) => name.padStart(9)).join(''));
  for (const [name, calls] of Object.entries(all)) {
    console.log(name.padEnd(22) + columns.map((one) => String(calls[one]).padStart(9)).join(''));
  }
  console.log('');
}

function row(what: string, value: number, unit: string, goal = ''): void {
  console.log(`${what.padEnd(46)}${value.toFixed(1).padStart(9)} ${unit.padEnd(6)}${goal}`);
}
