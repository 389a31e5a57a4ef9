import type { Client, Clients } from '../clients/clients.ts';
import type { Mirror } from '../mirror/mirror.ts';
import { isRepositoryName } from '../oci/repository.ts';
import type { RequestOrigin } from '../sources/request-origin.ts';
import {
  type Answer,
  jsonAnswer,
  type ReadRequest,
  type RegistryRequest,
  type RepositoryRequest,
} from './answer.ts';
import { headersFor, noCache } from './answer-headers.ts';
import { answerBlob } from './blobs.ts';
import { answerCatalog } from './catalog.ts';
import {
  chooseRegistry,
  chooseRepository,
  isHost,
  knownRegistries,
  type Registries,
} from './choose-repository.ts';
import type { ClientConsumption } from './client-consumption.ts';
import { errorAnswer, failureAnswer } from './error-answer.ts';
import { answerManifest } from './manifests.ts';
import { answerReferrers } from './referrers.ts';
import { noRegistry, refusal } from './refusal.ts';
import {
  parseRoute,
  parseTarget,
  type RegistryForm,
  type RepositoryRoute,
  type Route,
} from './route.ts';
import { answerTags } from './tags.ts';

interface RegistryOptions {
  /** Tells who sends a request. */
  readonly clients: Clients;
  /** What clients may consume; undefined if nothing is limited. */
  readonly limits?: ClientConsumption | undefined;
  /** The registry of requests that name none: a key of the mirror's policies. */
  readonly defaultRegistry: string;
  /** Called with unexpected errors; the client gets an answer nevertheless. */
  readonly onError?: (error: unknown) => void;
}

type KnownRegistries = Registries & Pick<RegistryOptions, 'clients' | 'limits'>;

/** The server side of distribution-spec's read path: never rejects, and never throws. */
export type Registry = (request: RegistryRequest) => Promise<Answer>;

/** Creates the registry that serves what the mirror has or can get. */
export function createRegistry(mirror: Mirror, options: RegistryOptions): Registry {
  const registries = {
    ...knownRegistries(mirror.policies, options.defaultRegistry),
    clients: options.clients,
    limits: options.limits,
  };
  return async (raw) => {
    const { path, query, ns } = parseTarget(raw.target);
    const route = parseRoute(path);
    const { method } = raw;
    if (method !== 'GET' && method !== 'HEAD') {
      return route.kind === 'unknown' ? noEndpoint : readOnly;
    }
    const form = ns === undefined ? 'root' : 'ns';
    try {
      return await answerRoute(mirror, registries, { raw, method, path, query, ns, form }, route);
    } catch (error) {
      try {
        options.onError?.(error);
      } catch {
        // A log that fails must not cost the client its answer.
      }
      return failureAnswer(raw.target);
    }
  };
}

/** Not an async function, nor is the next: each would add promises to a warm answer. */
function answerRoute(
  mirror: Mirror,
  registries: KnownRegistries,
  request: ReadRequest,
  route: Route,
): Promise<Answer> | Answer {
  switch (route.kind) {
    case 'unknown':
      return noEndpoint;
    case 'malformed':
      return errorAnswer({ ...request, ns: undefined }, malformedPath, { kind: 'other' });
    case 'upload':
      return readOnly;
    case 'ping':
      return answerPing(registries, request, route.prefix);
    case 'catalog':
      return answerCatalog(mirror, registries, request, route.prefix);
    case 'manifest':
    case 'blob':
    case 'referrers':
    case 'tags':
      return answerRepository(mirror, registries, request, route);
  }
}

function answerRepository(
  mirror: Mirror,
  registries: KnownRegistries,
  request: ReadRequest,
  route: RepositoryRoute,
): Promise<Answer> | Answer {
  const { limits } = registries;
  const { prefix, name } = route;
  const path = prefix === '' ? name : `${prefix}/${name}`;
  const choice = chooseRepository(registries, request.ns, path, prefix !== '');
  // A refused `ns` is not echoed: it was not used, and may not be a safe header value.
  if (choice.kind === 'refused') {
    return errorAnswer({ ...request, ns: undefined }, choice.refusal, { kind: route.kind });
  }
  const { repository, policy, form } = choice;
  const named = registryForm(form, prefix);
  // No spread: it would take half of a warm answer's time.
  const pull: RepositoryRequest = {
    raw: request.raw,
    method: request.method,
    path: request.path,
    query: request.query,
    ns: request.ns,
    form,
    repository,
    policy,
    mirrored: mirror.repository(
      repository,
      new Origin(registries.clients, request.raw),
      named === 'after-v2',
    ),
    registryForm: named,
    name,
  };
  switch (route.kind) {
    case 'manifest':
      return limits?.answerManifest(pull, route.reference) ?? answerManifest(pull, route.reference);
    case 'blob':
      return limits?.answerBlob(pull, route.reference) ?? answerBlob(pull, route.reference);
    case 'referrers':
      return answerReferrers(pull, route.reference);
    case 'tags':
      return answerTags(pull);
  }
}

/** Where a request came from. Most requests never ask, so it is looked up then. */
class Origin implements RequestOrigin {
  readonly #clients: Clients;
  readonly #request: RegistryRequest;

  constructor(clients: Clients, request: RegistryRequest) {
    this.#clients = clients;
    this.#request = request;
  }

  get client(): Client | undefined {
    return this.#clients.of(this.#request);
  }
}

function registryForm(form: ReadRequest['form'], prefix: string): RegistryForm {
  if (form === 'ns') return 'ns';
  if (form === 'root') return 'none';
  return prefix === '' ? 'after-v2' : 'before-v2';
}

const noRequest = { ns: undefined, form: 'root' } as const;

const malformedPath = refusal(400, 'NAME_INVALID', 'malformed path');

/** JSON, because containerd would store an HTML page as a manifest. */
const noEndpoint: Answer = errorAnswer(
  noRequest,
  refusal(404, 'UNSUPPORTED', 'this registry has no such endpoint'),
  { kind: 'other' },
);

/** The answer to every push, upload and delete (distribution-spec §Read-only registries). */
const readOnly: Answer = errorAnswer(
  noRequest,
  refusal(405, 'UNSUPPORTED', 'this mirror is read-only; push to the registry itself'),
  { kind: 'other' },
  { allow: 'GET, HEAD' },
);

const ping = { kind: 'ping' } as const;

/** The answer to a ping that names no registry, as nearly all do. */
const pong: Answer = jsonAnswer(
  '{}',
  { ...headersFor(noRequest), 'cache-control': noCache },
  { ...ping, form: 'root', upstreamCalls: 0 },
);

/**
 * Says that this is a registry (distribution-spec §Determining support). It is 200 and never a
 * challenge: podman and crane drop a mirror after anything but 200 and 401. Only a prefix that cannot
 * work is refused, so that a misconfigured client fails at once.
 */
function answerPing(registries: Registries, request: ReadRequest, prefix: string): Answer {
  if (prefix === '' && request.ns === undefined) return pong;
  const choice = chooseRegistry(registries, request.ns, prefix, true);
  if (choice.kind === 'refused') {
    return errorAnswer({ ...request, ns: undefined }, choice.refusal, ping);
  }
  const { form, registry, rest } = choice;
  const first = rest.split('/', 1)[0] ?? '';
  if (rest !== '' && (isHost(first, registry) || !isRepositoryName(rest))) {
    return errorAnswer({ ...request, form }, noRegistry(rest), ping);
  }
  const headers = { ...headersFor(request), 'cache-control': noCache };
  return jsonAnswer('{}', headers, { ...ping, form, upstreamCalls: 0 });
}
