import { type Row, verdictOf } from './row.ts';

const titles = ['measure', 'unit', 'peer', 'ours', 'edge', 'ratio', 'goal', 'reached'];
const textColumns = 2;

/** Writes rows as a table for a terminal; numbers stand at the right. */
export function tableOf(rows: readonly Row[]): string {
  const lines = [titles, ...rows.map(cellsOf)];
  const widths = titles.map((_, column) =>
    Math.max(...lines.map((cells) => (cells[column] ?? '').length)),
  );
  const written = lines.map((cells) =>
    cells
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column < textColumns ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd(),
  );
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [written[0], rule, ...written.slice(1)].join('\n');
}

function cellsOf(row: Row): string[] {
  const { ratio, goal, reached } = verdictOf(row);
  return [
    row.measure,
    row.unit,
    numberText(row.numbers.peer),
    numberText(row.numbers.pullfront),
    numberText(row.numbers.edge),
    ratio === undefined ? '-' : `${numberText(ratio)}x`,
    goal ?? '',
    reached === undefined ? '' : reached ? 'yes' : 'NO',
  ];
}

function numberText(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '-';
  if (value === 0 || Number.isInteger(value)) return String(value);
  return value.toFixed(value >= 100 ? 0 : value >= 1 ? 1 : 2);
}
