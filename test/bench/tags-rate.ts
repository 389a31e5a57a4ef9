import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { makeImage } from '../standins/images/image.ts';
import { randomLayer } from '../standins/images/layer.ts';
import { startUpstream } from '../standins/registry/upstream.ts';

// The warm rate with ten rules about tags, against none: `node --import tsx test/bench/tags-rate.ts [rounds]`,
// after `npm run build`. It needs wrk.

const run = promisify(execFile);
const rounds = Number(process.argv[2] ?? 10);
const seconds = 1;
const repository = 'library/bench';

const folder = mkdtempSync(join(tmpdir(), 'pullfront-tags-'));
const hub = await startUpstream({ auth: 'anonymous' });
const image = makeImage({ layers: [randomLayer('bench', 2_000)] });
hub.add(repository, image, '1');

/** Nine rules that match other tags, before the one that is measured. */
const others = [
  { match: '**:nightly*', cooldown: '0s' },
  { match: 'acme/*:prod', freeze: image.manifest.digest },
  { match: 'acme/**:*-rc*', deny: true, mode: 'enforce' },
  { match: 'library/node', semver: '<20', deny: true, mode: 'enforce' },
  { match: 'library/postgres:16*', cooldown: '7d', mode: 'enforce' },
  { match: 'library/*:edge', deny: true },
  { match: 'grafana/**', cooldown: '2d' },
  { match: 'bitnami/**', deny: true, mode: 'enforce' },
  { match: 'library/bench:2*', freeze: true },
];

const cases: Readonly<Record<string, readonly object[]>> = {
  'no rules': [],
  'ten, none matches': [...others, { match: 'library/*:stable', cooldown: '3d' }],
  'ten, allowed': [...others, { match: 'library/**', allow: true }],
  'ten, old enough': [...others, { match: 'library/**', cooldown: '1ms', mode: 'enforce' }],
  'ten, would be held': [...others, { match: 'library/**', cooldown: '3d' }],
  'ten, none old enough': [...others, { match: 'library/**', cooldown: '3d', mode: 'enforce' }],
  'ten, strict': [
    ...others,
    { match: 'library/**', cooldown: '1ms', mode: 'enforce', strict: true },
  ],
  'ten, platforms': [
    ...others,
    { match: 'library/**', platforms: ['linux/386'], deny: true, mode: 'enforce' },
  ],
  'ten, frozen': [...others, { match: 'library/**', freeze: true }],
};

/** The processor's time that all threads of a process took, in µs; it is less noisy than a rate. */
function cpuOf(pid = 0): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const nanoseconds = threads.map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
  );
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1000;
}

/** A server in a process of its own that has pulled the image, and had its tag confirmed. */
async function start(name: string, tags: readonly object[]) {
  const config = join(folder, `${name}.json`);
  const upstreams = { 'docker.io': { url: hub.url, tags } };
  const log = { level: 'warn', format: 'json' };
  const own = { listen: '127.0.0.1:0', data: join(folder, name), log };
  writeFileSync(config, JSON.stringify({ ...own, upstreams }));
  const program = resolve('dist/pullfront.js');
  const child = spawn(process.execPath, [program, 'serve', '--config', config], {
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
  for (const headers of [{}, { 'cache-control': 'no-cache' }]) {
    const answer = await fetch(target, { headers });
    if (answer.status !== 200) throw new Error(`${name} answers ${answer.status}`);
  }
  for (const { digest } of [image.config, ...image.layers]) {
    await (await fetch(`${url}/v2/${repository}/blobs/${digest}`)).arrayBuffer();
  }
  const warning = (await fetch(target)).headers.get('warning') ?? 'no Warning';
  return { name, child, target, warning, rates: [] as number[], costs: [] as number[] };
}

const servers = await Promise.all(Object.entries(cases).map(([name, tags]) => start(name, tags)));
for (const { target } of servers) await run('wrk', ['-t1', '-c16', '-d3s', target]);
for (let round = 0; round < rounds; round++) {
  // Each goes first in every other round.
  for (const server of round % 2 === 0 ? servers : servers.toReversed()) {
    const before = cpuOf(server.child.pid);
    const { stdout } = await run('wrk', ['-t1', '-c16', `-d${seconds}s`, server.target]);
    const bad = /Non-2xx or 3xx responses: \d+|Socket errors: .*/.exec(stdout)?.[0];
    if (bad !== undefined) throw new Error(`${server.name}: ${bad}`);
    const count = Number(/(\d+) requests in/.exec(stdout)?.[1]);
    server.costs.push((cpuOf(server.child.pid) - before) / count);
    server.rates.push(Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]));
  }
}
for (const { child } of servers) child.kill('SIGTERM');
await hub.close();
rmSync(folder, { recursive: true, force: true });

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
// Other work can only make a turn dearer.
const quartile = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[values.length >> 2] ?? 0;
const [none] = servers;
console.log(`warm manifest by tag, 16 connections, median of ${rounds} rounds of ${seconds} s`);
for (const { name, rates, costs, warning } of servers) {
  const ratios = rates.map((rate, at) => rate / (none?.rates[at] ?? 1));
  const cost = quartile(costs);
  console.log(
    `${name}: ${median(rates).toFixed(0)}/s, ratio ${median(ratios).toFixed(3)}; processor time ${cost.toFixed(1)} µs, ratio ${(quartile(none?.costs ?? []) / cost).toFixed(3)} (goal: 0.95); ${warning}`,
  );
}
