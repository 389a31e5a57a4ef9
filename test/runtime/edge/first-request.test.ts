import { Miniflare } from 'miniflare';
import { expect, it } from 'vitest';
import { builtModules, type Module } from './built-modules.ts';

const empty: Module = {
  type: 'ESModule',
  path: 'worker.js',
  contents: "export default { fetch: () => new Response('{}') };",
};

const times = 7;

/** The bound of the promise, in ms, beyond a Worker that does nothing. */
const bound = 50;

it(`answers the first request within ${bound} ms of an empty Worker's`, async () => {
  const ours: number[] = [];
  const nothing: number[] = [];
  for (let round = 0; round < times; round++) {
    nothing.push(await firstRequest([empty]));
    ours.push(await firstRequest(builtModules()));
  }
  const difference = median(ours) - median(nothing);
  console.log(`first request: ${difference.toFixed(1)} ms beyond an empty Worker's`);
  expect(difference).toBeLessThan(bound);
}, 60_000);

/** From the start of the request to its answer, just after workerd said that it is ready, in ms. */
async function firstRequest(modules: Module[]): Promise<number> {
  const worker = new Miniflare({
    modules,
    compatibilityDate: '2026-04-15',
    compatibilityFlags: ['nodejs_compat'],
    d1Databases: { DB: 'pullfront' },
    r2Buckets: { BUCKET: 'pullfront' },
    queueProducers: { FILLS: 'fills', GIVEN_UP: 'given-up' },
    unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
    cf: false,
  });
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

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}
