import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../architecture/modules.ts';
import { randomFrom } from '../soak/random.ts';
import { type Area, areaOf, areas } from './areas.ts';
import { type Mutant, mutationsOf } from './mutations.ts';
import { tableOf } from './score.ts';
import { survived, TestRuns, tooSlow } from './test-runs.ts';
import { WorkingCopy } from './working-copy.ts';

const usage = `usage: npm run test:mutants -- [AREA ...] [--sample N] [--seed N] [--bound SECONDS]

Plants one fault at a time in a copy of the project, and runs the tests nearest to it. Prints the faults
that no test notices, and a score for each area: a folder or a file of functions/, or one line of a file
(core/mirror, node/server.ts, node/server.ts:134); by default core, the stores of every platform and node.

--sample N       N faults of each area, chosen by the seed (1); without it, all
--bound SECONDS  a fault whose tests run longer (180) counts as noticed
`;

export interface AreaResult {
  readonly area: string;
  /** How many faults the area has; a sample runs fewer. */
  readonly possible: number;
  killed: number;
  /** Those of the killed whose tests took too long. */
  slow: number;
  readonly survivors: Mutant[];
}

interface Options {
  readonly areas: readonly Area[];
  readonly sample: number;
  readonly seed: number;
  readonly boundMs: number;
}

/** Runs mutants and prints their scores; gives the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const options = optionsOf(args);
  if (typeof options === 'string') {
    process.stderr.write(`${options}\n${usage}`);
    return 2;
  }
  const copy = new WorkingCopy();
  process.once('exit', () => copy.remove());
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => process.exit(130));
  const samples = options.areas.map((area) => sampleOf(area, options));
  const tests = new TestRuns(copy, options.boundMs);
  const results: AreaResult[] = [];
  for (const sample of samples) results.push(await runSample(sample, tests));
  process.stdout.write(`\n${tableOf(results)}`);
  return 0;
}

interface Sample {
  readonly area: string;
  readonly possible: number;
  readonly mutants: readonly Mutant[];
}

function sampleOf(area: Area, { sample, seed }: Options): Sample {
  const all = area.files
    .flatMap((file) => {
      const mutations = mutationsOf(file, readFileSync(join(root, file), 'utf8'));
      return mutations.map((mutation) => ({ file, mutation }));
    })
    .filter(({ mutation }) => area.line === undefined || mutation.line === area.line);
  const mutants = sampled(all, sample, randomFrom(seed));
  return { area: area.name, possible: all.length, mutants };
}

async function runSample(
  { area, possible, mutants }: Sample,
  tests: TestRuns,
): Promise<AreaResult> {
  const result: AreaResult = { area, possible, killed: 0, slow: 0, survivors: [] };
  for (const [index, mutant] of mutants.entries()) {
    const started = performance.now();
    const fate = await tests.fateOf(mutant);
    if (fate === survived) result.survivors.push(mutant);
    else result.killed += 1;
    if (fate === tooSlow) result.slow += 1;
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    const { file, mutation } = mutant;
    console.log(
      `${area} ${index + 1}/${mutants.length}  ${file}:${mutation.line}  ${mutation.change}\n    ${fate}, ${seconds} s`,
    );
  }
  return result;
}

/** Some of a list, in its order. */
function sampled<T>(list: readonly T[], size: number, random: () => number): T[] {
  return list
    .map((item, index) => ({ item, index, rank: random() }))
    .sort((a, b) => a.rank - b.rank)
    .slice(0, size)
    .sort((a, b) => a.index - b.index)
    .map(({ item }) => item);
}

/** The options, or what is wrong with them. */
function optionsOf(args: readonly string[]): Options | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        sample: { type: 'string', default: String(Number.MAX_SAFE_INTEGER) },
        seed: { type: 'string', default: '1' },
        bound: { type: 'string', default: '180' },
      },
    });
    const [sample, seed, bound] = [values.sample, values.seed, values.bound].map(Number) as [
      number,
      number,
      number,
    ];
    if (!(Number.isInteger(sample) && sample > 0)) return '--sample needs a whole number above 0';
    if (!Number.isInteger(seed)) return '--seed needs a whole number';
    if (!(bound > 0)) return '--bound needs a number of seconds';
    const chosen: Area[] = [];
    for (const name of positionals.length > 0 ? positionals : areas) {
      const area = areaOf(name);
      if (area === undefined) return `functions/${name} is neither a folder nor a file`;
      chosen.push(area);
    }
    return { areas: chosen, sample, seed, boundMs: bound * 1000 };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
