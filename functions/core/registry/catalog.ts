import type { Mirror } from '../mirror/mirror.ts';
import { type Page, type PageRequest, parsePage } from '../oci/page.ts';
import { isAllowed } from '../sources/source.ts';
import { type Answer, type Asked, jsonAnswer } from './answer.ts';
import { headersFor, unstored } from './answer-headers.ts';
import { chooseRegistry, type Registries } from './choose-repository.ts';
import { errorAnswer } from './error-answer.ts';
import { noRegistry } from './refusal.ts';
import { invalidPage, nextPage } from './tags.ts';

const subject = { kind: 'catalog' } as const;

/**
 * What is mirrored, never all that the upstreams have. Each name is as the client would pull it by
 * the route it asked: without the registry when `ns` or a prefix chose one, or for the default.
 * The order is that of whole names, `docker.io/…` before `ghcr.io/…`, whatever is shown of them.
 */
export async function answerCatalog(
  mirror: Mirror,
  registries: Registries,
  asked: Asked,
  prefix: string,
): Promise<Answer> {
  const choice = chooseRegistry(registries, asked.ns, prefix);
  if (choice.kind === 'refused')
    return errorAnswer({ ...asked, ns: undefined }, choice.refusal, subject);
  const form = choice.form;
  if (choice.rest !== '') {
    return errorAnswer({ ...asked, form }, noRegistry(choice.rest), subject);
  }
  const request = parsePage(new URLSearchParams(asked.query));
  if (request === undefined) return invalidPage({ ...asked, form }, subject);
  const names = form === 'root' ? namesOfAll(registries) : namesOf(choice.registry);
  const last = request.last === undefined ? undefined : names.toKey(request.last);
  const only = form === 'root' ? undefined : choice.registry;
  const page =
    request.limit === 0
      ? { entries: [], next: undefined }
      : await pullable(mirror, registries, { limit: request.limit, last }, only);
  const next = page.next === undefined ? undefined : names.toShown(page.next);
  const headers = {
    ...headersFor(asked),
    'cache-control': unstored,
    ...nextPage(asked, request, next),
  };
  const json = JSON.stringify({ repositories: page.entries.map(names.toShown) });
  return jsonAnswer(json, headers, { ...subject, form, upstreamCalls: 0 });
}

/**
 * A page of the repositories that may still be pulled: what came before its registry was taken out of
 * the configuration, or before it was denied, is stored and not shown.
 */
async function pullable(
  mirror: Mirror,
  { policies }: Registries,
  { limit, last }: PageRequest,
  registry: string | undefined,
): Promise<Page<string>> {
  const mayBePulled = (key: string) => {
    const slash = key.indexOf('/');
    const policy = policies.get(key.slice(0, slash));
    return policy !== undefined && isAllowed(policy, key.slice(slash + 1));
  };
  const entries: string[] = [];
  let after = last;
  for (;;) {
    const found = await mirror.listRepositories({ limit, last: after }, registry);
    entries.push(...found.entries.filter(mayBePulled));
    const isMore = found.next !== undefined;
    if (limit !== undefined && (entries.length > limit || (entries.length === limit && isMore))) {
      return { entries: entries.slice(0, limit), next: entries[limit - 1] };
    }
    if (!isMore) return { entries, next: undefined };
    after = found.next;
  }
}

/** How repositories are shown, and how a shown name leads back to its key. */
export interface ShownNames {
  toShown(key: string): string;
  toKey(shown: string): string;
}

/** Names within one registry. */
export function namesOf(registry: string): ShownNames {
  return {
    toShown: (key) => key.slice(registry.length + 1),
    toKey: (shown) => `${registry}/${shown}`,
  };
}

/** Names of all registries: the default's without it, unless that would read as another's. */
export function namesOfAll(registries: Pick<Registries, 'spellings' | 'byDefault'>): ShownNames {
  const { toShown, toKey } = namesOf(registries.byDefault);
  const namesRegistry = (name: string) => {
    const slash = name.indexOf('/');
    return slash > 0 && registries.spellings.has(name.slice(0, slash));
  };
  return {
    toShown(key) {
      if (!key.startsWith(`${registries.byDefault}/`)) return key;
      const shown = toShown(key);
      return namesRegistry(shown) ? key : shown;
    },
    toKey: (shown) => (namesRegistry(shown) ? shown : toKey(shown)),
  };
}
