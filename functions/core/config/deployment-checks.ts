import { accountPath, accountsOf, signInOf } from './accounts.ts';
import type { Problem } from './problems.ts';
import type { Account, Config } from './resolve.ts';

/** What functions or a Worker cannot do: they have no files and run no programs. */
export function deploymentProblems({ store, upstreams }: Config): Problem[] {
  return [...upstreams].flatMap(([name, upstream]) => {
    const at = (path: string, message: string) => ({ path: `upstreams.${name}.${path}`, message });
    const problems = accountsOf(upstream).flatMap((account) => {
      const message = signInProblem(store, account);
      if (message === undefined) return [];
      const path = accountPath(upstream, account);
      return [at(account.password === undefined ? path : `${path}.password`, message)];
    });
    const authority = authorityProblem(store, upstream.ca);
    return authority === undefined ? problems : [...problems, at('ca', authority)];
  });
}

function signInProblem(store: Config['store'], account: Account): string | undefined {
  const signIn = signInOf(account);
  const isWorker = store === 'cloudflare';
  switch (signIn.kind) {
    case 'password':
      return isWorker && !('env' in signIn.password)
        ? 'a Worker has no files; use {"env": "NAME"} with the name of its secret'
        : undefined;
    case 'ecr':
      return isWorker ? 'a Worker has no role on AWS; use a username and a password' : undefined;
    case 'helper':
      return `${isWorker ? 'a Worker runs' : 'functions run'} no credential helper`;
    case 'docker-config':
      return `${isWorker ? 'a Worker has' : 'functions have'} no files`;
  }
}

/** A Worker's fetch takes no authorities. */
function authorityProblem(store: Config['store'], ca: string | undefined): string | undefined {
  if (ca === undefined) return undefined;
  if (store === 'cloudflare') return 'a Worker trusts only public authorities';
  return ca.includes('-----BEGIN')
    ? undefined
    : 'functions have no files; write the PEM text itself';
}
