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

const subject = { kind: 'catalog' } as const;

/**
 * The mirrored repositories, which are never all that the upstreams have. Each name is what the client
 * would pull by this route: without the registry if `ns` or a prefix chose it, or if it is the
 * default. The list is in the order of full names, `docker.io/…` before `ghcr.io/…`.
 */
export async function answerCatalog(
  mirror: Mirror,
  registries: Registries,
  request: ReadRequest,
  prefix: string,
): Promise<Answer> {
  const choice = chooseRegistry(registries, request.ns, prefix, true);
  if (choice.kind === 'refused') {
    return errorAnswer({ ...request, ns: undefined }, choice.refusal, subject);
  }
  const { form, registry, rest } = choice;
  if (rest !== '') return errorAnswer({ ...request, form }, noRegistry(rest), subject);
  const page = parsePage(new URLSearchParams(request.query));
  if (page === undefined) return invalidPage({ ...request, form }, subject);
  const names = form === 'root' ? namesOfAll(registries) : namesOf(registry);
  const last = page.last === undefined ? undefined : names.toKey(page.last);
  const only = form === 'root' ? undefined : registry;
  const { entries, next } = await allowedRepositories(
    mirror,
    registries,
    { limit: page.limit, last },
    only,
  );
  const headers = {
    ...headersFor(request),
    'cache-control': noCache,
    ...nextPage(request, page, next === undefined ? undefined : names.toName(next)),
  };
  const json = JSON.stringify({ repositories: entries.map(names.toName) });
  return jsonAnswer(json, headers, { ...subject, form, upstreamCalls: 0 });
}

/**
 * A page of the repositories that clients may still pull: the index also has those whose registry or
 * name the configuration no longer allows.
 */
async function allowedRepositories(
  mirror: Mirror,
  { policies }: Registries,
  { limit, last }: PageRequest,
  registry: string | undefined,
): Promise<Page<string>> {
  const entries: string[] = [];
  if (limit === 0) return { entries, next: undefined };
  const mayBePulled = (key: string) => {
    const { registry, name } = repositoryOf(key);
    const policy = policies.get(registry);
    return policy !== undefined && isAllowed(policy, name);
  };
  let after = last;
  for (;;) {
    const page = await mirror.listRepositories({ limit, last: after }, registry);
    entries.push(...page.entries.filter(mayBePulled));
    const hasNext = page.next !== undefined;
    if (limit !== undefined && (entries.length > limit || (entries.length === limit && hasNext))) {
      return { entries: entries.slice(0, limit), next: entries[limit - 1] };
    }
    if (!hasNext) return { entries, next: undefined };
    after = page.next;
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
