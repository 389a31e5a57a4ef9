import { type Environment, variableOf, variablesOf } from './environment.ts';
import { anyName, keys } from './keys.ts';
import { wellKnownRegistries } from './known-registries.ts';
import { type Problem, pathText } from './problems.ts';
import { suggestion } from './suggestion.ts';

/** The path of the file, and a list of upstreams, each NAME or NAME=URL. */
const special = ['PULLFRONT_CONFIG', 'PULLFRONT_UPSTREAMS'];

/** What Kubernetes sets in every container of a namespace with a service called `pullfront`. */
const kubernetes =
  /^PULLFRONT_(?:[A-Z0-9_]+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)$/;

function isOfKubernetes(name: string, value: string | undefined): boolean {
  // Its PULLFRONT_PORT is a URL; a number was meant for the server.
  return kubernetes.test(name) && (name !== 'PULLFRONT_PORT' || value?.includes('://') === true);
}

/** Reports `PULLFRONT_` variables that set nothing, apart from `others`. */
export function unknownVariables(
  environment: Environment,
  upstreams: readonly string[],
  others: readonly string[],
): Problem[] {
  const known = [...special, ...variablesOf(upstreams).map(({ name }) => name)];
  const unknown = Object.keys(environment).filter(
    (name) =>
      name.startsWith('PULLFRONT_') &&
      environment[name] !== '' &&
      !isOfKubernetes(name, environment[name]) &&
      !known.includes(name) &&
      !others.includes(name),
  );
  return unknown.map((path) => ({
    path,
    message: `unknown variable; ${hint(path, known, upstreams)}`,
  }));
}

function hint(name: string, known: readonly string[], upstreams: readonly string[]): string {
  if (name.startsWith('PULLFRONT_NETWORKS_')) {
    return 'networks are in PULLFRONT_NETWORKS, such as "office=203.0.113.0/24"';
  }
  const list = listOf(name, upstreams);
  if (list !== undefined) return `${list} is a list that only the file can set`;
  const meant = meantVariables(name, known);
  if (meant.length > 0) return `did you mean ${meant.join(', ').replace(/, (\w+)$/, ' or $1')}?`;
  const registry = [...wellKnownRegistries.keys()].find((one) =>
    name.startsWith(`${variableOf(['upstreams', one])}_`),
  );
  if (registry !== undefined && !upstreams.includes(registry)) {
    return `${registry} is not mirrored; add it to "upstreams" or to PULLFRONT_UPSTREAMS`;
  }
  if (!name.startsWith('PULLFRONT_UPSTREAMS_')) return 'infra/docs/configuration.md lists them all';
  return `the configured upstreams are ${upstreams.join(', ')}`;
}

/** The path of the list that a variable means. */
function listOf(name: string, upstreams: readonly string[]): string | undefined {
  const paths = keys
    .filter(({ scalar }) => scalar === undefined)
    .flatMap(({ path }) =>
      upstreams.map((one) => path.map((part) => (part === anyName ? one : part))),
    );
  const path = paths.find((one) => variableOf(one) === name);
  return path && pathText(path);
}

/** Known variables that are spelled alike, or contain all words of this one in their order. */
function meantVariables(name: string, known: readonly string[]): string[] {
  if (name === 'PULLFRONT_PORT' || name === 'PULLFRONT_HOST') return ['PULLFRONT_LISTEN'];
  const alike = suggestion(name, known);
  if (alike !== undefined) return [alike];
  const words = new RegExp(`^${name.split('_').join('_(?:\\w+_)?')}(?:_|$)`);
  const longer = known.filter((one) => words.test(one));
  return longer.length > 3 ? [] : longer;
}
