import { type Variable, variablesOf } from './environment.ts';
import { keys } from './keys.ts';
import { parseConfig } from './parse-config.ts';
import { type Problem, valueAt } from './problems.ts';
import type { Config } from './resolve.ts';
import { encode, type Resolved } from './resolved.ts';
import type { Scalar } from './scalar.ts';

/** Where a resolved configuration is read. */
export type ResolvedStore = 'aws' | 'cloudflare';

/** A resolved configuration, or all mistakes of the file. */
export type ResolvedFile =
  | { readonly ok: Resolved; readonly config: Config }
  | { readonly problems: readonly Problem[] };

/**
 * Checks a configuration file's JSON for functions or a Worker, and resolves it. Variables and
 * secrets do not count: those of whoever deploys are not those of the deployed.
 */
export function resolveFile(json: unknown, store: ResolvedStore): ResolvedFile {
  const left =
    store === 'aws' ? requiredOnAws.filter(({ path }) => valueAt(json, path) === undefined) : [];
  const parsed = parseConfig(json, passwordsLater(json), [
    { from: 'the deployment', path: ['store'], value: store },
    ...left.map(({ path, scalar }) => ({
      from: 'the deployment',
      path,
      value: scalar?.kind === 'server-url' ? 'https://queue.example' : 'deployment',
    })),
  ]);
  if ('problems' in parsed) return parsed;
  const config = parsed.ok;
  const problems = store === 'cloudflare' ? passwordProblems(config) : [];
  if (problems.length > 0) return { problems };
  const paths = left.map(({ path }) => path);
  return { ok: resolved(config, paths), config };
}

/** What the stack's variables say when the file does not. */
const requiredOnAws = keys.filter(({ path, isRequired }) => path[0] === 'aws' && isRequired);

function resolved(config: Config, left: readonly (readonly string[])[]): Resolved {
  const isLeft = (path: readonly string[]) => left.some((one) => one.join() === path.join());
  const { aws } = config;
  const kept = Object.entries(aws ?? {}).filter(([key]) => !isLeft(['aws', key]));
  const scalars: Scalar[] = [];
  const numbers = new Map<string, number>();
  const numberOf = (scalar: Scalar): number => {
    const text = JSON.stringify(scalar);
    const number = numbers.get(text) ?? scalars.push(scalar) - 1;
    numbers.set(text, number);
    return number;
  };
  const variables = variablesOf([...config.upstreams.keys()]).flatMap((variable) => {
    const scalar = scalarFor(variable, config);
    return scalar === undefined ? [] : [{ ...variable, scalar }];
  });
  return {
    resolved: encode({ ...config, aws: aws && Object.fromEntries(kept) }),
    scalars,
    variables: Object.fromEntries(
      variables.map(({ name, path, scalar }) => [name, [numberOf(scalar), ...path]]),
    ),
    required: variables.filter(({ path }) => isLeft(path)).map(({ name }) => name),
  };
}

/** What a variable may say once the file is deployed; undefined where the store has no such key. */
function scalarFor({ path, key }: Variable, config: Config): Scalar | undefined {
  const [first] = path;
  if (first === 'store') return oneOf([config.store]);
  if (first === 'defaultUpstream') return oneOf([...config.upstreams.keys()]);
  if (first === 'aws' && config.aws === undefined) return undefined;
  const isElsewhere = path.includes('password') && config.store === 'cloudflare';
  return isElsewhere && path.at(-1) !== 'env' ? undefined : key.scalar;
}

function oneOf(words: readonly string[]): Scalar {
  return { kind: 'word', words, expected: words.map((word) => `"${word}"`).join(' or ') };
}

/** A function's variables and a Worker's secrets are not known yet. */
function passwordsLater(json: unknown): Record<string, string> {
  const upstreams = valueAt(json, ['upstreams']);
  if (typeof upstreams !== 'object' || upstreams === null) return {};
  const names = Object.values(upstreams).map((one) =>
    valueAt(one, ['credentials', 'password', 'env']),
  );
  const texts = names.filter((name) => typeof name === 'string');
  return Object.fromEntries(texts.map((name) => [name, 'set where it is deployed']));
}

function passwordProblems({ upstreams }: Config): Problem[] {
  return [...upstreams].flatMap(([name, { credentials }]) =>
    credentials === undefined || 'env' in credentials.password
      ? []
      : [
          {
            path: `upstreams.${name}.credentials.password`,
            found: 'a file',
            expected: '{"env": "NAME"}, the name of a secret of the Worker',
          },
        ],
  );
}
