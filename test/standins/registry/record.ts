/** What a request was for; `cdn` is the second origin, `page` its web page. */
export type RequestKind =
  | 'ping'
  | 'token'
  | 'manifest'
  | 'blob'
  | 'cdn'
  | 'tags'
  | 'referrers'
  | 'catalog'
  | 'page'
  | 'other';

/** One request as it was met. `status` is 0 until the answer's headers are sent. */
export interface RequestRecord {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly kind: RequestKind;
  readonly repository: string | undefined;
  /** A tag or a digest. */
  readonly reference: string | undefined;
  /** The request's headers without Authorization and Cookie. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The scheme of the Authorization header; its value is never kept. */
  readonly authorization: string | undefined;
  /** Whether the Authorization header was accepted. */
  authorized: boolean;
  status: number;
  /** Bytes of body handed to the connection. */
  bytesSent: number;
  /** Whether the whole answer was sent. */
  finished: boolean;
}

/** Which requests are meant; an absent member matches all. */
export interface RequestFilter {
  readonly method?: string;
  readonly kind?: RequestKind;
  readonly status?: number;
  readonly repository?: string;
  readonly reference?: string;
}

/** Requests and bytes of one group of requests. */
export interface Total {
  requests: number;
  bytes: number;
}

/** The list of requests, in the order of their arrival. */
export class RequestLog {
  /** The requests since the last clear. */
  readonly list: RequestRecord[] = [];
  readonly #keep: number;
  #dropped = new Map<string, Total>();
  #waiting: { filter: RequestFilter; count: number; done: () => void }[] = [];

  /** Keeps the last `keep` requests as a list; totals stay right whatever is dropped. */
  constructor(keep: number) {
    this.#keep = keep;
  }

  /** Notes the arrival of a request. */
  add(one: RequestRecord): void {
    this.list.push(one);
    if (this.list.length >= this.#keep * 2) {
      for (const old of this.list.splice(0, this.#keep)) addTo(this.#dropped, old);
    }
    this.notify();
  }

  /** Tells those who wait that a request came or that its status is known. */
  notify(): void {
    this.#waiting = this.#waiting.filter((one) => {
      if (this.count(one.filter) < one.count) return true;
      one.done();
      return false;
    });
  }

  /** How many requests match. */
  count(filter: RequestFilter = {}): number {
    return this.list.filter((one) => meets(one, filter)).length;
  }

  /** The bytes of body sent to the requests that match. */
  bytes(filter: RequestFilter = {}): number {
    return this.list
      .filter((one) => meets(one, filter))
      .reduce((sum, one) => sum + one.bytesSent, 0);
  }

  /** Resolves as soon as `count` requests match, at once if they already do. */
  until(filter: RequestFilter, count: number): Promise<void> {
    return new Promise((done) => {
      this.#waiting.push({ filter, count, done });
      this.notify();
    });
  }

  /** Totals by `kind method status`. */
  totals(): { [group: string]: Total } {
    const all = new Map([...this.#dropped].map(([group, total]) => [group, { ...total }]));
    for (const one of this.list) addTo(all, one);
    return Object.fromEntries([...all].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Forgets all requests. */
  clear(): void {
    this.list.length = 0;
    this.#dropped = new Map();
  }
}

function addTo(totals: Map<string, Total>, one: RequestRecord): void {
  const group = `${one.kind} ${one.method} ${one.status}`;
  const total = totals.get(group) ?? { requests: 0, bytes: 0 };
  totals.set(group, total);
  total.requests += 1;
  total.bytes += one.bytesSent;
}

function meets(one: RequestRecord, filter: RequestFilter): boolean {
  return (
    (filter.method === undefined || filter.method === one.method) &&
    (filter.kind === undefined || filter.kind === one.kind) &&
    (filter.status === undefined || filter.status === one.status) &&
    (filter.repository === undefined || filter.repository === one.repository) &&
    (filter.reference === undefined || filter.reference === one.reference)
  );
}
