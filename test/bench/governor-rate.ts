import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { makeImage } from '../standins/images/image.ts';
import { randomLayer } from '../standins/images/layer.ts';
import { startUpstream } from '../standins/registry/upstream.ts';

// The warm rate with networks, limits of clients, accounts, alternates and the governor, against none of
// them: `node --import tsx test/bench/governor-rate.ts [rounds]`, after `npm run build`. It needs wrk.

const run = promisify(execFile);
const rounds = Number(process.argv[2] ?? 20);
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

const servers = [await start('off', {}, {}), await start('on', everything, upstream)];
for (const { target } of servers) await run('wrk', ['-t1', '-c16', '-d3s', target]);
for (let round = 0; round < rounds; round++) {
  // Each goes first in every other round.
  for (const server of round % 2 === 0 ? servers : servers.toReversed()) {
    const before = cpuOf(server.child.pid);
    const { stdout } = await run('wrk', ['-t1', '-c16', `-d${seconds}s`, server.target]);
    const bad = /Non-2xx or 3xx responses: \d+|Socket errors: .*/.exec(stdout)?.[0];
    if (bad !== undefined) {
      const answer = await fetch(server.target);
      for (const { child } of servers) child.kill('SIGTERM');
      throw new Error(`${server.name}: ${bad}: ${answer.status} ${await answer.text()}`);
    }
    const count = Number(/(\d+) requests in/.exec(stdout)?.[1]);
    server.costs.push((cpuOf(server.child.pid) - before) / count);
    server.rates.push(Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]));
  }
}
const median = (rates: readonly number[]) =>
  rates.toSorted((a, b) => a - b)[rates.length >> 1] ?? 0;
for (const { child } of servers) child.kill('SIGTERM');
await hub.close();
rmSync(folder, { recursive: true, force: true });
const [off = 0, on = 0] = servers.map(({ rates }) => median(rates));
const ratios = (servers[1]?.rates ?? []).map((rate, at) => rate / (servers[0]?.rates[at] ?? 1));
console.log(`warm manifest by tag, 16 connections, median of ${rounds} rounds of ${seconds} s`);
console.log(
  `off ${off.toFixed(0)}/s, on ${on.toFixed(0)}/s, ratio of each round ${ratios.map((ratio) => ratio.toFixed(2)).join(' ')}`,
);
console.log(`median ratio ${median(ratios).toFixed(3)} (goal: at least 0.95)`);
// Other work can only make a turn dearer.
const quartile = (costs: readonly number[]) =>
  costs.toSorted((a, b) => a - b)[costs.length >> 2] ?? 0;
const [cheap = 0, dear = 0] = servers.map(({ costs }) => quartile(costs));
console.log(
  `processor time of a request, lower quartile: off ${cheap.toFixed(1)} µs, on ${dear.toFixed(1)} µs, ratio ${(cheap / dear).toFixed(3)}`,
);
