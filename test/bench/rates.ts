import { contentOf } from '../standins/images/content.ts';
import { type Image, makeImage } from '../standins/images/image.ts';
import type { Layer } from '../standins/images/layer.ts';
import { oci } from '../standins/images/media-type.ts';
import { randomBytes } from '../standins/images/random-bytes.ts';
import type { RunningMirror } from './contender.ts';
import { heyHead, type LoadGenerator, wrk } from './load.ts';
import { type Bench, inPairs, Samples } from './measure.ts';
import type { ContenderName } from './options.ts';
import { startOrigin } from './origin.ts';
import { pullImage } from './pull.ts';
import type { Goal, Row } from './row.ts';

interface Rate {
  readonly label: string;
  readonly load: LoadGenerator;
  readonly path: (image: Image<Layer>) => string;
  /** Goals at 16 connections. */
  readonly rate?: Goal;
  readonly p99?: Goal;
}

const blobBytes = 323;
const repository = 'library/bench';

const rates: readonly Rate[] = [
  {
    label: 'manifest by tag',
    load: wrk,
    path: () => 'manifests/1',
    rate: { kind: 'ratio at least', value: 40 },
    p99: { kind: 'ratio at most', value: 0.1 },
  },
  {
    label: 'manifest by digest',
    load: wrk,
    path: (image) => `manifests/${image.manifest.digest}`,
    rate: { kind: 'ratio at least', value: 15 },
  },
  {
    label: 'HEAD blob',
    load: heyHead,
    path: (image) => `blobs/${firstLayer(image).digest}`,
    rate: { kind: 'ratio at least', value: 10 },
  },
  {
    label: `GET blob ${blobBytes} B`,
    load: wrk,
    path: (image) => `blobs/${firstLayer(image).digest}`,
  },
];

/** Requests per second and latency of what a warm mirror answers, at 1, 16 and 64 connections. */
export async function measureRates(bench: Bench): Promise<Row[]> {
  const image = makeImage({ layers: Array.from({ length: 8 }, (_, at) => smallLayer(at)) });
  const origin = await startOrigin(bench.workspace);
  await origin.push(repository, '1', image);
  const mirrors = new Map<ContenderName, RunningMirror>();
  for (const contender of bench.contenders) {
    const mirror = await contender.start(origin.url);
    mirrors.set(contender.name, mirror);
    await pullImage({ url: mirror.url, repository, tag: '1' });
    for (const one of image.layers) await mirror.stored(one.digest);
  }
  const rows: Row[] = [];
  for (const rate of rates) {
    for (const connections of [1, 16, 64]) {
      bench.progress(`${rate.label}, ${connections} connections`);
      rows.push(...(await measureRate(bench, rate, image, connections, mirrors)));
    }
  }
  await Promise.all([...mirrors.values(), origin].map((one) => one.end()));
  return rows;
}

async function measureRate(
  bench: Bench,
  { label, load, path, rate, p99 }: Rate,
  image: Image<Layer>,
  connections: number,
  mirrors: ReadonlyMap<ContenderName, RunningMirror>,
): Promise<Row[]> {
  const samples = { rate: new Samples(), p50: new Samples(), p99: new Samples() };
  await inPairs(bench, bench.short ? 1 : 3, async ({ name }) => {
    const url = `${mirrors.get(name)?.url}/v2/${repository}/${path(image)}`;
    const seen = await load(bench.workspace, url, connections, bench.short ? 2 : 5);
    samples.rate.add(name, seen.rate);
    samples.p50.add(name, seen.p50);
    samples.p99.add(name, seen.p99);
  });
  const title = `${label}, ${connections} conn`;
  const goals = connections === 16;
  return [
    samples.rate.row(title, 'req/s', goals ? rate : undefined),
    samples.p50.row(`${title}, p50`, 'ms'),
    samples.p99.row(`${title}, p99`, 'ms', goals ? p99 : undefined),
  ];
}

function smallLayer(seed: number): Layer {
  const content = contentOf(randomBytes(`rates-${seed}`, blobBytes), oci.gzip);
  return { ...content, diffId: content.digest }; // No client unpacks it.
}

function firstLayer(image: Image<Layer>): Layer {
  const [first] = image.layers;
  if (first === undefined) throw new Error('the image has no layer');
  return first;
}
