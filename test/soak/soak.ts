import { parseArgs } from 'node:util';
import { NodeMirror } from '../forms/node.ts';
import { startUpstream } from '../standins/registry/upstream.ts';
import { fillCatalog } from './catalog.ts';
import { closeConnections } from './client.ts';
import { MemoryGrowth, mostGrowth } from './memory-growth.ts';
import { injectFaults } from './mixed-faults.ts';
import { processState } from './process-state.ts';
import { Puller, type Tally } from './puller.ts';
import { randomFrom } from './random.ts';

const usage = `usage: npm run soak -- [--minutes N] [--seed N] [--clients N]

Runs the built server for N minutes (10) between registries that fail in many ways and clients that
pull, cancel and ask for ranges. Prints a line each half minute. Fails when a client got wrong bytes
with a clean end, when the server ends by itself, and when its resident memory (median of two minutes)
exceeds ${mostGrowth} times its value at minute five, or at half of a run shorter than ten minutes.
`;

interface Options {
  readonly minutes: number;
  readonly seed: number;
  readonly clients: number;
}

/** Runs the soak over the built server; gives the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const options = optionsOf(args);
  if (options === undefined) {
    process.stderr.write(usage);
    return 2;
  }
  const [hub, ghcr] = await Promise.all([
    startUpstream({ auth: 'anonymous' }, { keepRequests: 100 }),
    startUpstream({ realm: 'own' }, { keepRequests: 100 }),
  ]);
  try {
    const impatient = { tagTtl: '2s', headersTimeout: '2s', stallTimeout: '3s' };
    const mirror = await NodeMirror.start({
      // Half of the content: eviction belongs to a long run.
      limits: { storeBytes: '150MB' },
      log: { level: 'error' },
      upstreams: {
        'docker.io': { url: hub.url, ...impatient },
        'ghcr.io': { url: ghcr.url, ...impatient },
      },
    });
    const registries = [
      { upstream: hub, base: `${mirror.url}/v2/docker.io`, catalog: fillCatalog(hub, 'library') },
      { upstream: ghcr, base: `${mirror.url}/v2/ghcr.io`, catalog: fillCatalog(ghcr, 'owner') },
    ];
    const tally: Tally = { requests: 0, errors: new Map(), wrong: [] };
    const over = new AbortController();
    const work = registries.flatMap(({ upstream, base, catalog }, registry) => [
      injectFaults(
        upstream,
        catalog.repositories,
        randomFrom(options.seed + registry),
        over.signal,
      ),
      ...Array.from({ length: options.clients / 2 }, (_, client) => {
        const random = randomFrom(options.seed + 1000 * (registry + 1) + client);
        return new Puller(base, catalog, random, tally).run(over.signal);
      }),
    ]);
    const growth = new MemoryGrowth(Math.min(300, options.minutes * 30));
    const watched = watch(mirror.pid, tally, growth, options.minutes * 60);
    // A mistake of the soak itself must not wait for its end.
    await Promise.race([watched, Promise.all(work)]).finally(() => over.abort());
    const ended = processState(mirror.pid) === undefined;
    const code = await mirror.end('SIGTERM');
    await Promise.allSettled(work);
    const tail = mirror.output.split('\n').slice(-20).join('\n');
    await mirror.close();
    const end = ended
      ? `the server ended by itself:\n${tail}`
      : code === 0
        ? undefined
        : `the server ended with ${code} when it was told to stop:\n${tail}`;
    return verdict(end, tally, growth);
  } finally {
    closeConnections();
    await Promise.all([hub.close(), ghcr.close()]);
  }
}

function optionsOf(args: readonly string[]): Options | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        minutes: { type: 'string', default: '10' },
        seed: { type: 'string', default: '1' },
        clients: { type: 'string', default: '32' },
      },
    });
    const [minutes, seed, clients] = [values.minutes, values.seed, values.clients].map(Number);
    if (minutes === undefined || seed === undefined || clients === undefined) return undefined;
    const valid = minutes > 0 && Number.isInteger(seed) && Number.isInteger(clients) && clients > 1;
    return valid ? { minutes, seed, clients } : undefined;
  } catch {
    return undefined;
  }
}

/** Samples the server each second and prints a line each half minute, until the time is over. */
async function watch(
  pid: number,
  tally: Tally,
  growth: MemoryGrowth,
  seconds: number,
): Promise<void> {
  let requests = 0;
  let printed = performance.now();
  for (let second = 1; second <= seconds; second += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const state = processState(pid);
    if (state === undefined) return;
    growth.add(state.resident);
    if (second % 30 !== 0) continue;
    const now = performance.now();
    const rate = Math.round((tally.requests - requests) / ((now - printed) / 1000));
    requests = tally.requests;
    printed = now;
    const errors = [...tally.errors].map(([kind, count]) => `${kind} ${count}`).join(', ');
    console.log(
      [
        `${Math.floor(second / 60)}:${String(second % 60).padStart(2, '0')}`.padStart(5),
        `${tally.requests} requests`,
        `${rate}/s`,
        `RSS ${megabytes(state.resident)} MB (median ${megabytes(growth.smoothed)})`,
        `${state.descriptors} fds`,
        `errors: ${errors === '' ? 'none' : errors}`,
        `wrong: ${tally.wrong.length}`,
      ].join('  '),
    );
  }
}

function verdict(end: string | undefined, tally: Tally, growth: MemoryGrowth): number {
  const faults = tally.wrong.slice(0, 10).map((one) => `wrong bytes with a clean end: ${one}`);
  if (end !== undefined) faults.push(end);
  const grown = growth.growth;
  if (grown !== undefined && grown > mostGrowth) {
    faults.push(`resident memory grew to ${grown.toFixed(2)} times its baseline`);
  }
  for (const fault of faults) console.log(`FAILED: ${fault}`);
  const memory =
    growth.baseline === undefined || grown === undefined
      ? 'no baseline of memory'
      : `memory at the baseline ${megabytes(growth.baseline)} MB, at most ${grown.toFixed(2)} times that later`;
  console.log(
    `${faults.length === 0 ? 'passed' : 'failed'}: ${tally.requests} requests, ` +
      `${tally.wrong.length} with wrong bytes, ${memory}`,
  );
  return faults.length === 0 ? 0 : 1;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
