import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** What is true of the upstreams of the registry under test. `content.ts` says what they hold. */
export type Situation =
  /** They answer, and blobs come through the mirror. */
  | 'working'
  /** They answer, and blobs that are not stored come by their own redirects. */
  | 'redirecting'
  /** They answer 429, and nothing is mirrored yet. */
  | 'limited'
  /** They cannot be reached, and nothing is mirrored yet. */
  | 'down'
  /** All content is mirrored, all tags are out of date, and then the upstreams went away. */
  | 'stale';

/** A registry under test: a function, or the base URL of a server. */
export interface Opened {
  readonly target: ((request: Request) => Promise<Response>) | string;
  close?(): Promise<void>;
}

/** Opens a fresh registry, default docker.io, with ghcr.io, and `forbidden/**` denied at docker.io. */
export type Open = (situation: Situation) => Promise<Opened>;

/** A request and all that its answer has to be. */
export interface Exchange {
  /** What it shows. */
  readonly name: string;
  /** As `GET /v2/library/alpine/manifests/3.20`. */
  readonly request: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
  /** Headers of the answer; `undefined` says that a header must not be there. */
  readonly answer?: Readonly<Record<string, string | RegExp | undefined>>;
  /** The exact bytes or text, a pattern, or what the JSON holds. */
  readonly body?: Uint8Array | string | RegExp | { readonly json: unknown };
  /** Also asked by HEAD, which must give the same status and headers and no body. */
  readonly alsoHead?: true;
}

/** One section of the specification as a table of exchanges. */
export interface Section {
  readonly title: string;
  readonly situation?: Situation;
  readonly exchanges: readonly Exchange[];
}

/** Runs a section's exchanges in their order against one registry. */
export function describeSection(name: string, section: Section, open: Open): void {
  const situation = section.situation ?? 'working';
  describe(`${name}: ${section.title} (${situation})`, () => {
    let opened: Opened | undefined;
    const target = () => {
      if (opened === undefined) throw new Error('the registry did not open');
      return opened.target;
    };
    beforeAll(async () => {
      opened = await open(situation);
    });
    afterAll(async () => {
      await opened?.close?.();
    });
    for (const exchange of section.exchanges) {
      it(`${exchange.request}: ${exchange.name}`, async () => {
        const got = await send(target(), exchange.request, exchange.headers);
        expectAnswer(got, exchange);
        if (exchange.alsoHead !== true) return;
        const asHead = exchange.request.replace(/^GET /, 'HEAD ');
        expectSameHead(await send(target(), asHead, exchange.headers), got);
      });
    }
  });
}

interface Got {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

async function send(
  target: Opened['target'],
  line: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Got> {
  const [method = '', path = ''] = line.split(' ');
  const base = typeof target === 'string' ? target : 'http://mirror.test';
  const request = new Request(`${base}${path}`, { method, headers, redirect: 'manual' });
  const response = typeof target === 'string' ? await fetch(request) : await target(request);
  const body = new Uint8Array(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, body };
}

function expectAnswer(got: Got, exchange: Exchange): void {
  const text = new TextDecoder().decode(got.body);
  expect(got.status, text.slice(0, 500)).toBe(exchange.status);
  expectOfEveryAnswer(got, text);
  for (const [name, value] of Object.entries(exchange.answer ?? {})) {
    const header = got.headers.get(name) ?? undefined;
    if (value instanceof RegExp) expect(header, name).toMatch(value);
    else expect(header, name).toBe(value);
  }
  const { body } = exchange;
  if (body === undefined) return;
  if (typeof body === 'string') expect(text).toBe(body);
  else if (body instanceof RegExp) expect(text).toMatch(body);
  else if (body instanceof Uint8Array) expect(Buffer.from(got.body).equals(body)).toBe(true);
  else expect(JSON.parse(text)).toEqual(body.json);
}

/** What holds whatever was asked. */
function expectOfEveryAnswer(got: Got, text: string): void {
  expect(got.status).not.toBe(401);
  expect(got.headers.get('docker-distribution-api-version')).toBe('registry/2.0');
  expect(got.headers.get('x-content-type-options')).toBe('nosniff');
  expect(got.headers.get('content-encoding')).toBeNull();
  expect(got.headers.get('set-cookie')).toBeNull();
  expect(got.headers.get('www-authenticate')).toBeNull();
  if (got.status < 400 || text === '') return;
  expect(got.headers.get('content-type')).toBe('application/json');
  expect(got.headers.get('cache-control')).toBe('no-store');
  const body: unknown = JSON.parse(text);
  expect(body).toEqual({ errors: [{ code: expect.any(String), message: expect.any(String) }] });
}

/** Headers that may differ between two answers to the same question. */
const passing = ['age', 'cache-control', 'cache-status', 'connection', 'date', 'keep-alive'];

function expectSameHead(head: Got, get: Got): void {
  const lasting = (headers: Headers) =>
    Object.fromEntries([...headers].filter(([name]) => !passing.includes(name)));
  expect(head.status).toBe(get.status);
  expect(lasting(head.headers)).toEqual(lasting(get.headers));
  expect(head.body.byteLength).toBe(0);
}

/** The body of an error: its code, with any message. */
export function errorOf(code: string): { readonly json: unknown } {
  return { json: { errors: [{ code, message: expect.any(String) }] } };
}
