import { deploymentProblems } from './deployment-checks.ts';
import { type Variable, variablesOf } from './environment.ts';
import type { Findings } from './findings.ts';
import { keys } from './keys.ts';
import { parseConfig } from './parse-config.ts';
import { type Problem, valueAt } from './problems.ts';
import type { Config } from './resolve.ts';
import { encode, type Resolved } from './resolved.ts';
import { oneOf, type Scalar } from './scalar.ts';

/** The stores of the platforms that read a resolved configuration. */
export type ResolvedStore = 'aws' | 'cloudflare';

/** A resolved configuration with notes about it, or all mistakes in the file. */
export type ResolvedFile =
  | ({ readonly ok: Resolved; readonly config: Config } & Pick<Findings, 'notes'>)
  | { readonly problems: readonly Problem[] };

/**
 * Checks the JSON of a configuration file for functions or a Worker, and resolves it. It ignores
 * variables and secrets: those of this machine are not those of the deployment. `duplicates` are the
 * mistakes that its text already has.
 */
export function resolveFile(
  json: unknown,
  store: ResolvedStore,
  duplicates: readonly Problem[] = [],
): ResolvedFile {
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
  const found = 'problems' in parsed ? [...duplicates, ...parsed.problems] : duplicates;
  const impossible = deploymentProblems(json, store).filter(({ path }) =>
    found.every((one) => one.path !== path),
  );
  if ('problems' in parsed || found.length + impossible.length > 0) {
    return { problems: [...found, ...impossible] };
  }
  const config = parsed.ok;
  const paths = left.map(({ path }) => path);
  return { ok: resolved(config, paths), config, notes: parsed.notes };
}

/** The stack sets these by variables if the file does not. */
const requiredOnAws = keys.filter(({ path, isRequired }) => path[0] === 'aws' && isRequired);

function resolved(config: Config, left: readonly (readonly string[])[]): Resolved {
  const isLeft = (path: readonly string[]) => left.some((one) => one.join() === path.join());
  const { aws } = config;
  const kept = Object.entries(aws ?? {}).filter(([key]) => !isLeft(['aws', key]));
  const scalars: Scalar[] = [];
  const indexes = new Map<string, number>();
  const indexOf = (scalar: Scalar): number => {
    const text = JSON.stringify(scalar);
    const index = indexes.get(text) ?? scalars.push(scalar) - 1;
    indexes.set(text, index);
    return index;
  };
  const variables = variablesOf([...config.upstreams.keys()]).flatMap((variable) => {
    const scalar = scalarFor(variable, config);
    return scalar === undefined ? [] : [{ ...variable, scalar }];
  });
  return {
    resolved: encode({ ...config, aws: aws && Object.fromEntries(kept) }),
    scalars,
    variables: Object.fromEntries(
      variables.map(({ name, path, scalar }) => [name, [indexOf(scalar), ...path]]),
    ),
    required: variables.filter(({ path }) => isLeft(path)).map(({ name }) => name),
  };
}

/** What a variable may be set to after the deployment; undefined if the store has no such key. */
function scalarFor({ path, key }: Variable, config: Config): Scalar | undefined {
  const [first] = path;
  if (first === 'store') return oneOf([config.store]);
  if (first === 'defaultUpstream') return oneOf([...config.upstreams.keys()]);
  if (first === 'aws' && config.aws === undefined) return undefined;
  const isSecret = path.includes('password') && config.store === 'cloudflare';
  return isSecret && path.at(-1) !== 'env' ? undefined : key.scalar;
}

/** The variables of a function and the secrets of a Worker are not known yet. */
function passwordsLater(json: unknown): Record<string, string> {
  const upstreams = valueAt(json, ['upstreams']);
  if (typeof upstreams !== 'object' || upstreams === null) return {};
  const accounts = Object.values(upstreams).flatMap((one) => {
    const list = valueAt(one, ['accounts']);
    return [valueAt(one, ['credentials']), ...(Array.isArray(list) ? list : [])];
  });
  const names = accounts.map((account) => valueAt(account, ['password', 'env']));
  const texts = names.filter((name) => typeof name === 'string');
  return Object.fromEntries(texts.map((name) => [name, 'set in the deployment']));
}
