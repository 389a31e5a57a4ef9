import { requestMessage } from './line-text.ts';
import type { Log, LogFields, LogLevel } from './log.ts';

/** What the log line and the metrics say about an answer. */
export interface AnswerNote {
  /** `manifest`, `blob`, `tags`, `referrers`, `catalog`, `ping`, `healthz`, `metrics`, or `other`. */
  readonly kind: string;
  /** How the client named the registry. */
  readonly form: 'root' | 'ns' | 'prefix';
  /** `docker.io/library/alpine`. */
  readonly repository?: string;
  readonly reference?: string;
  /** `hit`, `revalidated`, `revalidating`, `miss`, `stale`, `kept`, `alternate`; undefined: not cached. */
  readonly cache?: string;
  /** Number of requests to upstreams for this answer. */
  readonly upstreamCalls: number;
  /** The size in bytes of the blob that a URL of the bucket was handed out for. */
  readonly redirected?: number;
  /** Why the client did not get what it asked for. Contains no secrets. */
  readonly reason?: string;
}

/** The note of a response from neither the registry nor the mirror's own pages. */
export const unnoted: AnswerNote = { kind: 'other', form: 'root', upstreamCalls: 0 };

/** One answered request, for the log and the metrics. */
export interface RequestRecord {
  /** Its identifier; undefined where each line of the log has one. */
  readonly id?: string;
  readonly method: string;
  readonly status: number;
  readonly note: AnswerNote;
  readonly userAgent: string | undefined;
  readonly milliseconds: number;
  readonly written: Written;
}

/** How sending an answer ended. */
export interface Written {
  /** Bytes of the body that were sent. */
  readonly bytes: number;
  /** `left`: the client disconnected. `broken`: the body's stream failed and the connection was cut. */
  readonly end: 'complete' | 'left' | 'broken';
  /** Why the stream broke. */
  readonly error?: unknown;
}

/** Logs a request. */
export function logRequest(log: Log, record: RequestRecord): void {
  const level = requestLevel(record);
  if (log.passes(level)) log.event(level, requestMessage, requestFields(record));
}

/** The level of a request's line. Health checks and scrapes would drown the requests of clients. */
export function requestLevel({ note, status, written }: RequestRecord): LogLevel {
  if (note.kind === 'healthz' || note.kind === 'metrics') return 'debug';
  if (written.end === 'broken') return 'error';
  return status >= 500 || note.cache === 'stale' ? 'warn' : 'info';
}

/** Why a client did not get what it asked for, or not all of it. */
function requestReason({ note, written }: RequestRecord): string | undefined {
  if (written.end === 'left') return 'client disconnected';
  if (written.end === 'complete') return note.reason;
  const { error } = written;
  return error instanceof Error ? error.message : 'the body broke off';
}

/** The fields of a request's line. */
export function requestFields(record: RequestRecord): LogFields {
  const { note, written } = record;
  return {
    request: record.id,
    client: clientName(record.userAgent),
    kind: note.kind,
    form: note.form,
    method: record.method,
    repository: note.repository,
    reference: note.reference,
    status: record.status,
    cache: note.cache,
    upstreamCalls: note.upstreamCalls,
    ms: Math.round(record.milliseconds * 100) / 100,
    bytes: written.bytes,
    reason: requestReason(record),
  };
}

/** Programs by the first product of their User-Agent, in lower case. */
const programs: Readonly<Record<string, string>> = {
  docker: 'docker',
  containerd: 'containerd',
  buildkit: 'buildkit',
  // podman and others only name the library that they use.
  containers: 'podman',
  podman: 'podman',
  libpod: 'podman',
  skopeo: 'skopeo',
  buildah: 'buildah',
  'cri-o': 'cri-o',
  crane: 'crane',
  'go-containerregistry': 'crane',
  kaniko: 'kaniko',
  oras: 'oras',
  cosign: 'cosign',
  helm: 'helm',
  regclient: 'regclient',
  nerdctl: 'nerdctl',
  curl: 'curl',
};

const product = /^([A-Za-z][A-Za-z-]{0,30})(?:\/v?([\w.+-]{1,24}))?/;

/** The client in a User-Agent: `docker/20.10.24+dfsg1`, `other` if unknown, `none` if absent. */
export function clientName(userAgent: string | undefined): string {
  if (userAgent === undefined || userAgent === '') return 'none';
  const [, program = '', version] = product.exec(userAgent) ?? [];
  const lower = program.toLowerCase();
  const short = Object.hasOwn(programs, lower) ? (programs[lower] ?? 'other') : 'other';
  return short === 'other' || version === undefined ? short : `${short}/${version}`;
}
