import { accountPaths } from './account-checks.ts';
import { type Path, type Problem, pathText, valueAt } from './problems.ts';

/** The platforms that have neither. */
type Store = 'aws' | 'cloudflare';

/**
 * What functions or a Worker cannot do: they have no files and run no programs. It checks the JSON of the
 * file, so that this is reported together with invalid values.
 */
export function deploymentProblems(json: unknown, store: Store): Problem[] {
  const upstreams = valueAt(json, ['upstreams']);
  const names = typeof upstreams === 'object' && upstreams !== null ? Object.keys(upstreams) : [];
  const texts = store === 'aws' ? onAws : onCloudflare;
  return names.flatMap((name) => {
    const accounts = accountPaths(json, name).flatMap((account) =>
      Object.entries(texts).flatMap(([key, message]): Problem[] => {
        const path = [...account, key];
        return isImpossible(json, path) ? [{ path: pathText(path), message }] : [];
      }),
    );
    const path = ['upstreams', name, 'ca'];
    const authority = authorityProblem(store, valueAt(json, path));
    return authority === undefined
      ? accounts
      : [...accounts, { path: pathText(path), message: authority }];
  });
}

/** The ways to sign in that functions do not have, by the key of an account. */
const onAws = {
  helper: 'functions run no credential helper',
  dockerConfig: 'functions have no files',
};

/** The same for a Worker. */
const onCloudflare = {
  password: 'a Worker has no files; use {"env": "NAME"} with the name of its secret',
  aws: 'a Worker has no role on AWS; use a username and a password',
  helper: 'a Worker runs no credential helper',
  dockerConfig: 'a Worker has no files',
};

function isImpossible(json: unknown, path: Path): boolean {
  const place = path.at(-1) === 'password' ? [...path, 'file'] : path;
  return valueAt(json, place) !== undefined;
}

/** A Worker's fetch takes no authorities. */
function authorityProblem(store: Store, ca: unknown): string | undefined {
  if (typeof ca !== 'string') return undefined;
  if (store === 'cloudflare') return 'a Worker trusts only public authorities';
  return ca.includes('-----BEGIN')
    ? undefined
    : 'functions have no files; write the PEM text itself';
}
