import type { AreaResult } from './mutants.ts';

/** The table of the scores, in Markdown, and the survivors below it. */
export function tableOf(results: readonly AreaResult[]): string {
  const rows = results.map(rowOf);
  if (results.length > 1) rows.push(rowOf(sumOf(results)));
  const survivors = results.flatMap((result) => result.survivors);
  return [
    '| area | faults | run | noticed | of these by time | not noticed | score |',
    '|---|---|---|---|---|---|---|',
    ...rows,
    '',
    ...survivors.map(
      ({ file, mutation }) => `survived: ${file}:${mutation.line} ${mutation.change}`,
    ),
    '',
  ].join('\n');
}

function rowOf({ area, possible, killed, slow, survivors }: AreaResult): string {
  const run = killed + survivors.length;
  const score = run === 0 ? '-' : `${Math.floor((100 * killed) / run)} %`;
  return `| ${area} | ${possible} | ${run} | ${killed} | ${slow} | ${survivors.length} | ${score} |`;
}

function sumOf(results: readonly AreaResult[]): AreaResult {
  const sum = (of: (result: AreaResult) => number) =>
    results.reduce((total, result) => total + of(result), 0);
  return {
    area: 'all',
    possible: sum(({ possible }) => possible),
    killed: sum(({ killed }) => killed),
    slow: sum(({ slow }) => slow),
    survivors: results.flatMap(({ survivors }) => survivors),
  };
}
