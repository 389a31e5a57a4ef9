import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Miniflare } from 'miniflare';
import { builtModules, type Module } from '../runtime/edge/built-modules.ts';
import type { Bench } from './measure.ts';
import type { Row } from './row.ts';
import { median } from './statistics.ts';

const measure = "a new Worker's first request, beyond an empty Worker's";

const rounds = 7;

/** A Worker that does nothing. */
const empty: Module = {
  type: 'ESModule',
  path: 'worker.js',
  contents: "export default { fetch: () => new Response('{}') };",
};

/** Measures what a Worker that workerd has just started needs for its first answer, in ms. */
export async function measureFirstRequest({ contenders, progress, root }: Bench): Promise<Row[]> {
  if (contenders.length === 0) return [];
  // The bench runs from a temporary folder, where no package would be found.
  const file = createRequire(join(root, 'package.json')).resolve('miniflare');
  const { Miniflare }: typeof import('miniflare') = await import(pathToFileURL(file).href);
  const start = (modules: Module[]): Miniflare =>
    new Miniflare({
      modules,
      compatibilityDate: '2026-04-15',
      compatibilityFlags: ['nodejs_compat'],
      d1Databases: { DB: 'pullfront' },
      r2Buckets: { BUCKET: 'pullfront' },
      queueProducers: { FILLS: 'fills', GIVEN_UP: 'given-up' },
      unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
      cf: false,
    });
  progress(measure);
  const ours: number[] = [];
  const nothing: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    nothing.push(await firstRequest(start([empty])));
    ours.push(await firstRequest(start(builtModules(join(root, 'dist/edge/')))));
  }
  const edge = median(ours) - median(nothing);
  return [{ measure, unit: 'ms', numbers: { edge }, goal: { kind: 'at most', value: 50 } }];
}

/** From the start of the request to its answer, after workerd has said that it is ready, in ms. */
async function firstRequest(worker: Miniflare): Promise<number> {
  try {
    await worker.ready;
    const url = await worker.unsafeGetDirectURL();
    const began = performance.now();
    const response = await fetch(`${url.origin}/v2/`);
    await response.arrayBuffer();
    return performance.now() - began;
  } finally {
    await worker.dispose();
  }
}
