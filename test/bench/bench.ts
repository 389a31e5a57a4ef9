import { writeFile } from 'node:fs/promises';
import { measureBigBlob } from './big-blob.ts';
import { measureConcurrentPulls } from './concurrent-pulls.ts';
import { edge } from './edge.ts';
import { measureFirstRequest } from './first-request.ts';
import { machineFacts } from './machine.ts';
import type { Bench } from './measure.ts';
import { measureMemory } from './memory.ts';
import { type BenchOptions, type MeasureName, parseOptions, usage } from './options.ts';
import { peer } from './peer.ts';
import { pullfront } from './pullfront.ts';
import { measureRates } from './rates.ts';
import { type Row, verdictOf } from './row.ts';
import { tableOf } from './table.ts';
import { requireSpace, requireTools } from './tools.ts';
import { measureWarmPull } from './warm-pull.ts';
import { Workspace } from './workspace.ts';

const measures: { readonly [name in MeasureName]: (bench: Bench) => Promise<Row[]> } = {
  rates: measureRates,
  blob: measureBigBlob,
  pulls: measureConcurrentPulls,
  warm: measureWarmPull,
  memory: measureMemory,
  first: measureFirstRequest,
};

/**
 * Runs the bench with these command line arguments in the project folder `root`; gives the exit
 * code. A missed goal is no failure: timing never decides.
 */
export async function main(args: readonly string[], root: string): Promise<number> {
  try {
    const options = parseOptions(args);
    if (options === undefined) console.log(usage);
    else await run(options, root);
    return 0;
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

async function run(options: BenchOptions, root: string): Promise<void> {
  await requireTools();
  await requireSpace(options.short ? 3e9 : 25e9);
  const workspace = new Workspace();
  try {
    const all = [
      await peer(workspace),
      await pullfront(workspace, root, options.profile),
      await edge(workspace, root),
    ];
    const contenders = all.filter((one) => options.contenders.includes(one.name));
    const started = Date.now();
    const progress = (text: string): void => {
      console.error(`${String(Math.round((Date.now() - started) / 1000)).padStart(4)} s  ${text}`);
    };
    const bench = (measure: MeasureName): Bench => ({
      workspace,
      root,
      contenders: contenders.filter((one) => one.measures.includes(measure)),
      short: options.short,
      progress,
    });
    const machine = machineFacts(contenders);
    const rows: Row[] = [];
    for (const name of options.measures) rows.push(...(await measures[name](bench(name))));
    const { cores, cpu, node, versions, load } = machine;
    console.log(
      `\n${machine.date}, ${cores} cores (${cpu}), node ${node}, load ${load.toFixed(1)}`,
    );
    console.log(
      Object.entries(versions)
        .map(([name, one]) => `${name} ${one}`)
        .join(', '),
    );
    console.log(`\n${tableOf(rows)}\n`);
    const results = rows.map((row) => ({ ...row, ...verdictOf(row) }));
    const report = { machine, short: options.short, results };
    await writeFile(options.json, `${JSON.stringify(report, null, 2)}\n`);
    console.log(`written to ${options.json}`);
  } finally {
    await workspace.end();
  }
}
