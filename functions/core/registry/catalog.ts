import type { Clients } from '../clients/clients.ts';
import type { Mirror } from '../mirror/mirror.ts';
import { type Page, type PageRequest, parsePage } from '../oci/page.ts';
import { repositoryOf } from '../oci/repository.ts';
import { isAllowed } from '../sources/upstream-policy.ts';
import { type Answer, jsonAnswer, type ReadRequest } from './answer.ts';
import { headersFor, noCache } from './answer-headers.ts';
import { chooseRegistry, type Registries } from './choose-repository.ts';
import { errorAnswer } from './error-answer.ts';
import { noRegistry } from './refusal.ts';
import { invalidPage, nextPage } from './tags.ts';

/** The registries, and who asks. */
type CatalogRegistries = Registries & { readonly clients: Clients };

const subject = { kind: 'catalog' } as const;

/** How many repositories a page has if the client sets no `n`. */
const defaultLimit = 1_000;

/** A page has at most this many repositories, whatever `n` is: about 2 MB of names. */
const largestLimit = 10_000;

/**
 * The mirrored repositories, which are never all that the upstreams have. Each name is what the client
 * would pull by this route: without the registry if `ns` or a prefix chose it, or if it is the
 * default. The list is in the order of full names, `docker.io/…` before `ghcr.io/…`. It is always
 * paginated, because an index may hold millions of repositories.
 */
export async function answerCatalog(
  mirror: Mirror,
  registries: CatalogRegistries,
  request: ReadRequest,
  prefix: string,
): Promise<Answer> {
  const choice = chooseRegistry(registries, request.ns, prefix, true);
  if (choice.kind === 'refused') {
    return errorAnswer({ ...request, ns: undefined }, choice.refusal, subject);
  }
  const { form, registry, rest } = choice;
  if (rest !== '') return errorAnswer({ ...request, form }, noRegistry(rest), subject);
  const asked = parsePage(new URLSearchParams(request.query));
  if (asked === undefined) return invalidPage({ ...request, form }, subject);
  const limit = Math.min(asked.limit ?? defaultLimit, largestLimit);
  const names = form === 'root' ? namesOfAll(registries) : namesOf(registry);
  const last = asked.last === undefined ? undefined : names.toKey(asked.last);
  const only = form === 'root' ? undefined : registry;
  const { entries, next } = await allowedRepositories(
    mirror,
    registries,
    request,
    { limit, last },
    only,
  );
  const headers = {
    ...headersFor(request),
    'cache-control': noCache,
    ...nextPage(request, { limit }, next === undefined ? undefined : names.toName(next)),
  };
  const json = JSON.stringify({ repositories: entries.map(names.toName) });
  return jsonAnswer(json, headers, { ...subject, form, upstreamCalls: 0 });
}

/** How many rows of the index one request reads, apart from those of a page that is larger. */
const mostRows = 10_000;

/** How many rows are read at a time after the first page of them, of which some may not be pulled. */
const batch = 1_000;

/**
 * A page of the repositories that clients may still pull: the index also has those whose registry or
 * name the configuration no longer allows. After `mostRows` of these the page ends early, with a next.
 */
async function allowedRepositories(
  mirror: Mirror,
  registries: CatalogRegistries,
  request: ReadRequest,
  { limit, last }: PageRequest & { readonly limit: number },
  registry: string | undefined,
): Promise<Page<string>> {
  if (limit === 0) return { entries: [], next: undefined };
  const { policies, clients } = registries;
  const client = clients.of(request.raw);
  const mayBePulled = (key: string) => {
    const { registry, name } = repositoryOf(key);
    const policy = policies.get(registry);
    return policy !== undefined && isAllowed(policy, name);
  };
  let entries: readonly string[] = [];
  let after = last;
  let rows = limit;
  for (let read = 0; ; rows = Math.max(limit, batch)) {
    const page = await mirror.listRepositories({ limit: rows, last: after }, registry);
    const listed = await mirror.listable(page.entries.filter(mayBePulled), { client });
    entries = entries.concat(listed);
    const hasNext = page.next !== undefined;
    if (entries.length > limit || (entries.length === limit && hasNext)) {
      return { entries: entries.slice(0, limit), next: entries[limit - 1] };
    }
    read += rows;
    after = page.next;
    // The name of a hidden repository must not be in the link to the next page.
    const isHidden = after !== undefined && mayBePulled(after) && listed.at(-1) !== after;
    if (!hasNext || (read >= mostRows && !isHidden)) return { entries, next: after };
  }
}

/** How the keys of repositories become the names in a catalogue, and back. */
interface CatalogNames {
  toName(key: string): string;
  toKey(name: string): string;
}

/** Names within one registry. */
export function namesOf(registry: string): CatalogNames {
  return {
    toName: (key) => key.slice(registry.length + 1),
    toKey: (name) => `${registry}/${name}`,
  };
}

/** Names of all registries; the default's omit it unless they would name another registry then. */
export function namesOfAll({
  spellings,
  defaultRegistry,
}: Pick<Registries, 'spellings' | 'defaultRegistry'>): CatalogNames {
  const { toName, toKey } = namesOf(defaultRegistry);
  const namesRegistry = (name: string) => {
    const slash = name.indexOf('/');
    return slash > 0 && spellings.has(name.slice(0, slash));
  };
  return {
    toName(key) {
      if (!key.startsWith(`${defaultRegistry}/`)) return key;
      const name = toName(key);
      return namesRegistry(name) ? key : name;
    },
    toKey: (name) => (namesRegistry(name) ? name : toKey(name)),
  };
}
