/**
 * The tests by project: folders of `test/`, or test files without their ending. Where two entries
 * match a file, the longer one has it.
 */
export const projects = {
  /** The core and what else needs no store, server or process. */
  unit: ['architecture', 'conformance/core', 'contract/memory', 'mutants', 'registries', 'unit'],
  /** The ports over LMDB, files, dynalite and the S3 server of the tests. */
  store: [
    'contract',
    'standins/dynamodb',
    'standins/s3',
    'unit/aws/dynamodb',
    'unit/aws/s3',
    'unit/local',
  ],
  /** The mirror on one machine. */
  node: [
    'access/local',
    'access/memory',
    'conformance/local',
    'conformance/memory',
    'consumption/local',
    'consumption/memory',
    'consumption/reload',
    'faults',
    'governor',
    'runtime/local',
    'standins/registry',
    'strangers/local',
    'tags/local',
    'unit/node',
  ],
  /** The mirror as functions on Lambda. */
  aws: [
    'access/aws',
    'conformance/aws',
    'consumption/aws',
    'contract/aws-sqs',
    'governor/alternates-aws',
    'governor/circuits-aws',
    'runtime/aws',
    'runtime/aws-storm',
    'strangers/aws',
    'tags/aws',
    'unit/aws',
  ],
  /** The mirror on workerd. */
  edge: [
    'access/edge',
    'conformance/edge',
    'consumption/edge',
    'contract/cloudflare',
    'faults/edge',
    'governor/alternates-edge',
    'governor/circuits-edge',
    'infra',
    'runtime/edge',
    'strangers/edge',
    'tags/edge',
    'unit/cloudflare',
  ],
  /** Real container clients; they need root. */
  clients: ['clients'],
  /** What needs a real service; see `alsoOnServices`. */
  services: ['aws-large-fill', 'runtime/aws-many', 'runtime/ecr-fleet'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type Project = keyof typeof projects;

/** Tests of `store` that the project `services` runs against the real services. */
export const alsoOnServices = [
  'contract/aws-dynamodb',
  'contract/aws-s3',
  'standins/dynamodb',
  'standins/s3/exchanges',
  'unit/aws/dynamodb',
] as const;

/** The globs of some entries, from the root of the repository. */
export function globsOf(entries: readonly string[]): string[] {
  return entries.flatMap((entry) => [`test/${entry}/**/*.test.ts`, `test/${entry}.test.ts`]);
}

/** The globs of the entries of other projects that are below one of this project's. */
export function globsBelow(project: Project): string[] {
  const own: readonly string[] = projects[project];
  const others = Object.entries(projects)
    .filter(([name]) => name !== project)
    .flatMap(([, entries]) => entries);
  return globsOf(others.filter((other) => own.some((entry) => other.startsWith(`${entry}/`))));
}

/** The project of a test file, given as a path from the root; undefined where none has it. */
export function projectOf(file: string): Project | undefined {
  const name = file.replace(/^test\//, '').replace(/\.test\.ts$/, '');
  const matching = (Object.keys(projects) as Project[]).flatMap((project) =>
    projects[project]
      .filter((entry) => name === entry || name.startsWith(`${entry}/`))
      .map((entry) => ({ project, length: entry.length })),
  );
  return matching.sort((a, b) => b.length - a.length)[0]?.project;
}
