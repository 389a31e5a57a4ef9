import { parseArgs } from 'node:util';

/** The groups of measures that can be run alone. */
export const measureNames = ['rates', 'blob', 'pulls', 'warm', 'memory', 'first'] as const;

/** One group of measures. */
export type MeasureName = (typeof measureNames)[number];

/** Those that are compared. */
export const contenderNames = ['peer', 'pullfront', 'edge'] as const;

/** One of those that are compared. */
export type ContenderName = (typeof contenderNames)[number];

/** What the command line asks for. */
export interface BenchOptions {
  /** One short round of everything on smaller content, for CI. */
  readonly short: boolean;
  readonly measures: readonly MeasureName[];
  readonly contenders: readonly ContenderName[];
  /** Where the JSON goes. */
  readonly json: string;
  /** A folder for CPU profiles of Pullfront. */
  readonly profile: string | undefined;
}

/** What `--help` prints. */
export const usage = `npm run bench -- [options]
  --short             one short round on smaller content (under two minutes)
  --only NAME         only these measures: ${measureNames.join(', ')}; may be repeated
  --server NAME       only ${contenderNames.join(' or ')}
  --json FILE         where the result goes (default bench-result.json)
  --cpu-prof FOLDER   write CPU profiles of Pullfront there (it runs slower)
The content is made in the system's temporary folder; TMPDIR names another one.`;

/** Reads the command line; `undefined` means help is wanted; throws with what is wrong. */
export function parseOptions(args: readonly string[]): BenchOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      short: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      server: { type: 'string', multiple: true, default: [] },
      json: { type: 'string', default: 'bench-result.json' },
      'cpu-prof': { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  return {
    short: values.short,
    measures: chosen('--only', values.only, measureNames),
    contenders: chosen('--server', values.server, contenderNames),
    json: values.json,
    profile: values['cpu-prof'],
  };
}

function chosen<T extends string>(
  option: string,
  wanted: readonly string[],
  known: readonly T[],
): readonly T[] {
  const names = wanted.flatMap((one) => one.split(','));
  for (const name of names) {
    if (!known.some((one) => one === name)) {
      throw new Error(`${option} ${name}: expected ${known.join(', ')}`);
    }
  }
  return names.length === 0 ? known : known.filter((one) => names.includes(one));
}
