import type { Mirror } from '../mirror/mirror.ts';
import { isRepositoryName } from '../oci/repository.ts';
import {
  type Answer,
  type Asked,
  type AskedRepository,
  jsonAnswer,
  type RegistryRequest,
} from './answer.ts';
import { headersFor, unstored } from './answer-headers.ts';
import { answerBlob } from './blobs.ts';
import { answerCatalog } from './catalog.ts';
import {
  chooseRegistry,
  chooseRepository,
  knownRegistries,
  looksLikeHost,
  type Registries,
} from './choose-repository.ts';
import { errorAnswer } from './error-answer.ts';
import { answerManifest } from './manifests.ts';
import { answerReferrers } from './referrers.ts';
import { noRegistry, refusal } from './refusal.ts';
import { parseRoute, parseTarget, type RepositoryRoute, type Route } from './route.ts';
import { refusalOfFailure, type Wanted } from './status-policy.ts';
import { answerTags } from './tags.ts';

export interface RegistryOptions {
  /** The registry of requests that name none: a key of the mirror's policies. */
  readonly defaultRegistry: string;
  /** Told of what should not happen; the client gets an answer nevertheless. */
  readonly onError?: (error: unknown) => void;
}

/** The server side of distribution-spec's read path: never rejects, and never throws. */
export type Registry = (request: RegistryRequest) => Promise<Answer>;

/** Creates the registry that serves what the mirror has or can get. */
export function createRegistry(mirror: Mirror, options: RegistryOptions): Registry {
  const registries = knownRegistries(mirror.policies, options.defaultRegistry);
  return async (request) => {
    const { path, query, ns } = parseTarget(request.target);
    const route = parseRoute(path);
    const { method } = request;
    if (method !== 'GET' && method !== 'HEAD') {
      return route.kind === 'unknown' ? nothingThere : answerWrite();
    }
    const form = ns === undefined ? 'root' : 'ns';
    const asked: Asked = { request, method, path, query, ns, form };
    try {
      return await answerRoute(mirror, registries, asked, route);
    } catch (error) {
      tell(options.onError, error);
      return failed(asked, route, registries);
    }
  };
}

async function answerRoute(
  mirror: Mirror,
  registries: Registries,
  asked: Asked,
  route: Route,
): Promise<Answer> {
  switch (route.kind) {
    case 'unknown':
      return nothingThere;
    case 'malformed':
      return errorAnswer({ ...asked, ns: undefined }, malformedPath, { kind: 'other' });
    case 'upload':
      return answerWrite();
    case 'ping':
      return answerPing(registries, asked, route.prefix);
    case 'catalog':
      return answerCatalog(mirror, registries, asked, route.prefix);
    case 'manifest':
    case 'blob':
    case 'referrers':
    case 'tags':
      return answerOfRepository(mirror, registries, asked, route);
  }
}

async function answerOfRepository(
  mirror: Mirror,
  registries: Registries,
  asked: Asked,
  route: RepositoryRoute,
): Promise<Answer> {
  const { prefix, name } = route;
  const path = prefix === '' ? name : `${prefix}/${name}`;
  const choice = chooseRepository(registries, asked.ns, path);
  // A refused `ns` is not echoed: it was not used, and is not known to be a harmless header value.
  if (choice.kind === 'refused') {
    return errorAnswer({ ...asked, ns: undefined }, choice.refusal, { kind: route.kind });
  }
  const { repository, policy, form } = choice;
  // Written out: a spread here costs half of a warm answer's time.
  const pull: AskedRepository = {
    request: asked.request,
    method: asked.method,
    path: asked.path,
    query: asked.query,
    ns: asked.ns,
    form,
    repository,
    policy,
    mirrored: mirror.repository(repository),
    name,
  };
  switch (route.kind) {
    case 'manifest':
      return answerManifest(pull, route.reference);
    case 'blob':
      return answerBlob(pull, route.reference);
    case 'referrers':
      return answerReferrers(pull, route.reference);
    case 'tags':
      return answerTags(pull);
  }
}

const malformedPath = refusal(400, 'NAME_INVALID', 'the path is not well-formed');

/** JSON also here: containerd would store a page of HTML as a manifest. */
const nothingThere: Answer = errorAnswer(
  { ns: undefined, form: 'root' },
  refusal(404, 'UNSUPPORTED', 'this registry has no such endpoint'),
  { kind: 'other' },
);

/** The answer after something that should not have happened: it sends the client to the origin. */
function failed(asked: Asked, route: Route, registries: Registries): Answer {
  const wanted = isWanted(route.kind) ? route.kind : 'manifest';
  const hasNs = asked.ns !== undefined;
  const refusal = refusalOfFailure({ wanted, registry: registries.byDefault, hasNs });
  return errorAnswer({ ...asked, ns: undefined }, refusal, { kind: route.kind });
}

function isWanted(kind: Route['kind']): kind is Wanted {
  return kind === 'manifest' || kind === 'blob' || kind === 'tags' || kind === 'referrers';
}

function tell(onError: RegistryOptions['onError'], error: unknown): void {
  try {
    onError?.(error);
  } catch {
    // A listener that fails must not cost the client its answer.
  }
}

/**
 * The answer to every push, upload and delete: a mirror is read-only (distribution-spec §Read-only
 * registries). `ns` plays no part, and the body is not read.
 */
function answerWrite(): Answer {
  const message = 'this mirror is read-only; push to the registry itself';
  const asked = { ns: undefined, form: 'root' } as const;
  return errorAnswer(
    asked,
    refusal(405, 'UNSUPPORTED', message),
    { kind: 'other' },
    { allow: 'GET, HEAD' },
  );
}

const subject = { kind: 'ping' } as const;

/** To nearly every ping: no registry is named. */
const pong: Answer = jsonAnswer(
  '{}',
  { ...headersFor({ ns: undefined }), 'cache-control': unstored },
  { ...subject, form: 'root', upstreamCalls: 0 },
);

/**
 * The answer that says "a registry is here" (distribution-spec §Determining support). It is 200 and
 * never a challenge: podman and crane drop a mirror after anything but 200 and 401. Only a prefix
 * that cannot work is refused, so that a wrong configuration shows at once.
 */
function answerPing(registries: Registries, asked: Asked, prefix: string): Answer {
  if (prefix === '' && asked.ns === undefined) return pong;
  const choice = chooseRegistry(registries, asked.ns, prefix);
  if (choice.kind === 'refused')
    return errorAnswer({ ...asked, ns: undefined }, choice.refusal, subject);
  const { form, rest } = choice;
  const first = rest.split('/', 1)[0] ?? '';
  if (rest !== '' && (looksLikeHost(first) || !isRepositoryName(rest))) {
    return errorAnswer({ ...asked, form }, noRegistry(rest), subject);
  }
  const headers = { ...headersFor(asked), 'cache-control': unstored };
  return jsonAnswer('{}', headers, { ...subject, form, upstreamCalls: 0 });
}
