import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { makeImage } from '../standins/images/image.ts';
import { randomLayer } from '../standins/images/layer.ts';
import { startUpstream } from '../standins/registry/upstream.ts';

// The warm rate with networks, limits of clients, accounts, alternates and the governor, against none of
// them: `node --import tsx test/bench/governor-rate.ts [rounds] [pairs]`, after `npm run build`. It needs wrk.

const run = promisify(execFile);
const rounds = Number(process.argv[2] ?? 8);
// How a process lays out and compiles its code changes its rate by some percent for as long as it lives.
const pairs = Number(process.argv[3] ?? 5);
// Short turns: what else runs on the machine then slows both servers alike.
const seconds = 1;
const repository = 'library/bench';

const folder = mkdtempSync(join(tmpdir(), 'pullfront-governor-'));
const hub = await startUpstream({
  auth: 'anonymous',
  pullLimit: { limit: 100, accountLimit: 200, windowSeconds: 21_600 },
});
const image = makeImage({ layers: [randomLayer('bench', 2_000)] });
hub.add(repository, image, '1');

const everything = {
  networks: { office: ['127.0.0.0/8'], ci: ['192.0.2.0/24', '2001:db8::/32'] },
  clients: {
    office: { pullsPerMinute: 100_000_000, bytesPerMonth: '1000TB', largestBlob: '100GB' },
    anonymous: { pullsPerMinute: 60, bytesPerMonth: '100GB', largestBlob: '5GB' },
  },
  budget: { reserve: '20%' },
};
const upstream = {
  accounts: [{ username: 'user', password: { env: 'HUB_TOKEN' }, label: 'team' }],
  alternates: ['mirror.gcr.io'],
};

/** The processor's time that all threads of a process took, in µs; it is less noisy than a rate. */
function cpuOf(pid = 0): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const nanoseconds = threads.map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
  );
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1000;
}

/** A server in a process of its own that has pulled the image. */
async function start(name: string, top: object, more: object) {
  const config = join(folder, `${name}.json`);
  const upstreams = { 'docker.io': { url: hub.url, ...more } };
  const own = {
    listen: '127.0.0.1:0',
    data: join(folder, name),
    log: { level: 'warn', format: 'json' },
  };
  writeFileSync(config, JSON.stringify({ ...own, upstreams, ...top }));
  const program = resolve('dist/pullfront.js');
  const child = spawn(process.execPath, [program, 'serve', '--config', config], {
    env: { ...process.env, HUB_TOKEN: 'pass' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const url = await new Promise<string>((done, reject) => {
    let text = '';
    const read = (bytes: Buffer) => {
      text += bytes.toString();
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0];
      if (found !== undefined) done(found);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('exit', () => reject(new Error(text)));
  });
  const target = `${url}/v2/${repository}/manifests/1`;
  const answer = await fetch(target);
  if (answer.status !== 200) throw new Error(`${name} answers ${answer.status}`);
  for (const { digest } of [image.config, ...image.layers]) {
    await (await fetch(`${url}/v2/${repository}/blobs/${digest}`)).arrayBuffer();
  }
  return { name, child, target, rates: [] as number[], costs: [] as number[] };
}

type Server = Awaited<ReturnType<typeof start>>;

async function measure(server: Server) {
  const before = cpuOf(server.child.pid);
  const { stdout } = await run('wrk', ['-t1', '-c16', `-d${seconds}s`, server.target]);
  const bad = /Non-2xx or 3xx responses: \d+|Socket errors: .*/.exec(stdout)?.[0];
  if (bad !== undefined) {
    const answer = await fetch(server.target);
    throw new Error(`${server.name}: ${bad}: ${answer.status} ${await answer.text()}`);
  }
  const count = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  server.costs.push((cpuOf(server.child.pid) - before) / count);
  server.rates.push(Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]));
}

const at = (share: number) => (numbers: readonly number[]) =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length * share)] ?? 0;
const median = at(0.5);
// Other work can only make a turn dearer.
const quartile = at(0.25);

/** The rates of a new pair of servers, and the processor's time of a request in µs: off and on. */
async function comparePair(pair: number) {
  const off = await start(`off-${pair}`, {}, {});
  const on = await start(`on-${pair}`, everything, upstream);
  const servers = [off, on];
  try {
    for (const { target } of servers) await run('wrk', ['-t1', '-c16', '-d2s', target]);
    for (let round = 0; round < rounds; round++) {
      // Each goes first in every other round.
      for (const server of round % 2 === 0 ? servers : servers.toReversed()) await measure(server);
    }
  } finally {
    for (const { child } of servers) child.kill('SIGTERM');
  }
  const rate = median(on.rates.map((one, round) => one / (off.rates[round] ?? 1)));
  const [cheap, dear] = [quartile(off.costs), quartile(on.costs)];
  console.log(
    `pair ${pair}: rate on/off ${rate.toFixed(3)}; processor time off ${cheap.toFixed(1)} µs, on ${dear.toFixed(1)} µs, ratio ${(cheap / dear).toFixed(3)}`,
  );
  return { rate, cost: cheap / dear };
}

console.log(
  `warm manifest by tag, 16 connections, ${pairs} pairs of servers, ${rounds} rounds each`,
);
const compared: Awaited<ReturnType<typeof comparePair>>[] = [];
for (let pair = 1; pair <= pairs; pair++) compared.push(await comparePair(pair));
await hub.close();
rmSync(folder, { recursive: true, force: true });
const [rate, cost] = [compared.map((one) => one.rate), compared.map((one) => one.cost)].map(median);
console.log(
  `median ratio of rates ${rate?.toFixed(3)}, of processor time ${cost?.toFixed(3)} (goal: at least 0.95)`,
);
