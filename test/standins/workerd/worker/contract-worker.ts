import { waitUntil } from 'cloudflare:workers';
import { D1Leases } from '../../../../functions/cloudflare/d1/leases.ts';
import { D1Ledger } from '../../../../functions/cloudflare/d1/ledger.ts';
import { d1ManifestStore } from '../../../../functions/cloudflare/d1/manifest-store.ts';
import * as statements from '../../../../functions/cloudflare/d1/statements.ts';
import { evictionSteps } from '../../../../functions/cloudflare/open.ts';
import { QueuesFillQueue, workOn } from '../../../../functions/cloudflare/queues/fill-queue.ts';
import { r2BlobStore } from '../../../../functions/cloudflare/r2/blob-store.ts';
import { r2LargeValues } from '../../../../functions/cloudflare/r2/bucket.ts';
import { r2SignedUrls } from '../../../../functions/cloudflare/r2/signed-urls.ts';
import { type Digest, parseDigest } from '../../../../functions/core/oci/digest.ts';
import type {
  BlobLocation,
  BlobStore,
  StoredBlob,
} from '../../../../functions/core/ports/blob-store.ts';
import type { FillJob, FillOutcome } from '../../../../functions/core/ports/fill-queue.ts';
import {
  type Call,
  fromWire,
  type PutCall,
  type Reply,
  type SqlText,
  type StoredObject,
  toWire,
} from '../wire.ts';
import { servedSource } from './served-source.ts';

/** The bindings of the tests. */
interface Environment {
  readonly DB: D1Database;
  readonly BUCKET: R2Bucket;
  readonly FILLS: Queue;
  readonly GIVEN_UP: Queue;
  /** Where the test handles fills. */
  readonly HANDLER: string;
  /** An endpoint to redirect to; empty: streams. */
  readonly ENDPOINT: string;
  /** After so many bytes a put pauses; 0: the store's own bound. */
  readonly BYTES_PER_PUT: number;
}

/** How often D1 and R2 were called, and how many statements D1 ran and may run yet. */
const calls = { count: 0, statements: 0, allowed: Number.POSITIVE_INFINITY, overloaded: false };

/** How D1 refuses what would have to wait too long. */
const overloaded = 'D1_ERROR: D1 DB is overloaded. Requests queued for too long.';

/** Calls of these go over the network. */
const remote = new Set([
  'first',
  'all',
  'run',
  'raw',
  'batch',
  'head',
  'get',
  'put',
  'delete',
  'list',
]);

/** Of these, what D1 runs; a batch has several. */
const running = new Set(['first', 'all', 'run', 'raw', 'batch']);

/** D1 runs only so many statements for an invocation. */
function runStatements(args: readonly unknown[]): void {
  calls.statements += Array.isArray(args[0]) ? args[0].length : 1;
  if (calls.statements > calls.allowed) {
    throw new Error('D1_ERROR: Too many API requests by single worker invocation.');
  }
}

/** A binding, or a statement of one, whose calls over the network are counted. */
function counted<Binding extends object>(binding: Binding): Binding {
  return new Proxy(binding, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        if (typeof name === 'string' && remote.has(name)) calls.count += 1;
        if (typeof name === 'string' && running.has(name)) {
          runStatements(args);
          if (calls.overloaded) return Promise.reject(new Error(overloaded));
        }
        // A batch takes D1's own statements.
        const plain = args.map((arg) => (Array.isArray(arg) ? arg.map(plainOf) : arg));
        const result: unknown = Reflect.apply(member, target, plain);
        const isStatement = name === 'prepare' || name === 'bind';
        return isStatement && typeof result === 'object' && result !== null
          ? wrapped(result)
          : result;
      };
    },
  });
}

const plains = new WeakMap<object, object>();

function wrapped(statement: object): object {
  const proxy = counted(statement);
  plains.set(proxy, statement);
  return proxy;
}

function plainOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? (plains.get(value) ?? value) : value;
}

/** The ports of one instance, which in production is an isolate. */
function openInstance({ FILLS, ENDPOINT, BYTES_PER_PUT, ...bindings }: Environment) {
  const DB = counted(bindings.DB);
  const BUCKET = counted(bindings.BUCKET);
  const clock = { now: undefined as number | undefined };
  const now = () => Date.now();
  const keys = { accessKeyId: 'key', secretAccessKey: 'secret' };
  const sign =
    ENDPOINT === '' ? undefined : r2SignedUrls({ endpoint: ENDPOINT, bucket: 'b', ...keys, now });
  const bound = BYTES_PER_PUT === 0 ? {} : { bytesPerPut: BYTES_PER_PUT };
  const blobs = r2BlobStore(BUCKET, DB, { now: () => clock.now ?? now(), sign, ...bound });
  return {
    clock,
    blobs,
    ports: {
      manifests: d1ManifestStore(DB, { large: r2LargeValues(BUCKET), now }),
      blobs,
      condemnation: blobs.condemnation ?? {},
      leases: new D1Leases(DB, () => clock.now ?? Date.now()),
      ledger: new D1Ledger(DB, { now, waitUntil }),
      queue: new QueuesFillQueue(FILLS),
      tests: {
        statements: () => ({ ...statements }),
        empty: () => empty(bindings.DB, bindings.BUCKET),
        calls: () => calls.count,
        ranStatements: () => calls.statements,
        allowStatements: (count?: number) => {
          calls.allowed = calls.statements + (count ?? Number.POSITIVE_INFINITY);
        },
        overload: (isOverloaded: boolean) => {
          calls.overloaded = isOverloaded;
        },
        evictionSteps: () => evictionSteps,
        run: (statements: readonly SqlText[]) => run(bindings.DB, statements),
        objects: () => objectsOf(bindings.BUCKET),
        putObject: async (key: string, text: string) => void (await bindings.BUCKET.put(key, text)),
        sendFill: (body: unknown) => FILLS.send(body),
        deleteObject: (key: string) => bindings.BUCKET.delete(key),
        leaveUpload: (key: string) => leaveUpload(bindings.BUCKET, key),
      },
    } as Record<string, object>,
  };
}

/** Takes everything out of the stores: the next test begins as if they were new. */
async function empty(database: D1Database, bucket: R2Bucket): Promise<void> {
  const tables = await database
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB '[a-z]*'")
    .all<{ name: string }>();
  const kept = /^(?:used$|sqlite_|d1_)/;
  const names = tables.results.map(({ name }) => name).filter((name) => !kept.test(name));
  const texts = names.map((name) => `DELETE FROM ${name}`);
  texts.push('UPDATE used SET bytes = 0');
  await database.batch(texts.map((text) => database.prepare(text)));
  const { objects } = await bucket.list();
  await bucket.delete(objects.map(({ key }) => key));
}

/** Runs statements in one transaction, and gives the rows of each. */
async function run(database: D1Database, statements: readonly SqlText[]) {
  const bound = statements.map(({ sql, values = [] }) => database.prepare(sql).bind(...values));
  return (await database.batch(bound)).map(({ results }) => results);
}

/** The objects of a bucket, at most a thousand. */
async function objectsOf(bucket: R2Bucket): Promise<StoredObject[]> {
  const { objects } = await bucket.list();
  return objects.map(({ key, checksums }) => ({ key, sha256: checksums.toJSON().sha256 }));
}

/** The identifier of an upload that was ended. */
async function leaveUpload(bucket: R2Bucket, key: string): Promise<string> {
  const upload = await bucket.createMultipartUpload(key);
  await upload.abort();
  return upload.uploadId;
}

const instances = new Map<number, ReturnType<typeof openInstance>>();

function instanceOf(number: number, environment: Environment) {
  const known = instances.get(number) ?? openInstance(environment);
  instances.set(number, known);
  return known;
}

async function listed(blobs: BlobStore, after?: Digest): Promise<StoredBlob[]> {
  const found: StoredBlob[] = [];
  for await (const blob of blobs.list(after)) found.push(blob);
  return found;
}

/** A listing's argument is a digest, if there is one. */
function afterOf({ args: [after] }: Call): Digest | undefined {
  return typeof after === 'string' ? parseDigest(after) : undefined;
}

async function call(call: Call, environment: Environment): Promise<unknown> {
  const { clock, ports, blobs } = instanceOf(call.instance, environment);
  clock.now = call.now;
  if (call.port === 'blobs' && call.method === 'list') return listed(blobs, afterOf(call));
  const port = ports[call.port];
  const method: unknown = port && Reflect.get(port, call.method);
  if (typeof method !== 'function') throw new Error(`no ${call.port}.${call.method}`);
  return Reflect.apply(method, port, call.args);
}

async function put(asked: PutCall, environment: Environment): Promise<unknown> {
  const { blobs } = instanceOf(asked.instance, environment);
  const digest = parseDigest(asked.blob.digest);
  if (digest === undefined) throw new Error('no digest');
  const abort = new AbortController();
  const over = new AbortController();
  if (asked.abort !== undefined) {
    // Asked by this request, as what one request began cannot be ended by another.
    const aborted = await fetch(asked.abort, { signal: over.signal });
    const reason = new Error(aborted.headers.get('x-reason') ?? '');
    if (aborted.headers.get('x-state') === 'aborted') abort.abort(reason);
    const waiting = aborted.text().then(
      (text) => abort.abort(new Error(text)),
      () => undefined,
    );
    waitUntil(waiting);
  }
  const { progress, pauseAt } = asked;
  const options = { signal: abort.signal, progress, pauseAt };
  const wanted = { digest, size: asked.blob.size };
  try {
    return await blobs.put(wanted, servedSource(asked.source), options).done;
  } finally {
    over.abort();
  }
}

function located(location: BlobLocation | undefined): Response {
  if (location === undefined) return new Response(null, { status: 404 });
  if (location.kind === 'redirect') {
    return new Response(null, { headers: { 'x-kind': 'redirect', 'x-url': location.url } });
  }
  const headers = { 'x-kind': 'stream', 'x-size': String(location.size) };
  return new Response(location.body, { headers });
}

/** Its bindings are those of the tests, its ports those of production. */
const worker: ExportedHandler<Environment> = {
  async fetch(request, environment) {
    const asked = fromWire(await request.text());
    const { pathname } = new URL(request.url);
    try {
      if (pathname === '/locate') {
        const { blobs, clock } = instanceOf(asked.instance, environment);
        clock.now = asked.now;
        return located(await blobs.locate(asked.digest, asked.range, asked.urlLife));
      }
      const value = await (pathname === '/put'
        ? put(asked, environment)
        : call(asked, environment));
      const reply: Reply = { value };
      return new Response(toWire(reply));
    } catch (error) {
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      const reply: Reply = { error: message, name };
      return new Response(toWire(reply));
    }
  },

  async queue(batch, environment) {
    const handle = async (job: FillJob, delivery: number): Promise<FillOutcome> => {
      const body = toWire({ job, delivery });
      const response = await fetch(environment.HANDLER, { method: 'POST', body });
      return fromWire(await response.text());
    };
    if (batch.queue === 'given-up') {
      for (const { body } of batch.messages) {
        await fetch(`${environment.HANDLER}/given-up`, { method: 'POST', body: toWire(body) });
      }
      return;
    }
    await workOn(batch, handle, { fills: environment.FILLS, givenUp: environment.GIVEN_UP });
  },
};

export default worker;
