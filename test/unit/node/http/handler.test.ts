import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RequestRecord } from '../../../../functions/core/observe/request-line.ts';
import { createApp } from '../../../../functions/core/service/app.ts';
import { createHandler } from '../../../../functions/node/http/handler.ts';
import { type Listener, listen } from '../../../../functions/node/http/listener.ts';
import { createServerLog } from '../../../../functions/node/observe/server-log.ts';
import { paths } from '../../../conformance/paths.ts';
import { tellingApp, tellingRegistry } from '../../../conformance/telling-app.ts';
import { received, sent } from './answering.ts';

let listener: Listener;
let byApp: string[];
let errors: unknown[];
let records: RequestRecord[];
let served: number[];
let gone: () => void = () => undefined;
let recorded: (record: RequestRecord) => void;

async function start(app = tellingApp): Promise<Listener> {
  byApp = [];
  errors = [];
  records = [];
  served = [];
  recorded = (record) => void records.push(record);
  const fetch: typeof app.fetch = (request, ...rest) => {
    byApp.push(request.url);
    request.signal.addEventListener('abort', () => gone());
    return app.fetch(request, ...rest);
  };
  const log = createServerLog(
    { format: 'json', level: 'error' },
    { write: () => undefined, flushSync: () => undefined },
    { terminal: false, color: false },
  );
  const handler = createHandler({
    service: {
      app: Object.assign(Object.create(app), { fetch }),
      registry: tellingRegistry,
      unexpected: (error) => void errors.push(error),
    },
    log,
    metrics: { begin: () => (record) => recorded(record) },
    served: (bytes) => void served.push(bytes),
  });
  return listen({ listen: { host: '127.0.0.1', port: 0 }, tls: undefined }, handler);
}

beforeEach(async () => {
  listener = await start();
});

afterEach(() => listener.close(0));

/** The answer to a request line as it is: a client of Node would normalise the path. */
async function ask(line: string, headers = 'Host: mirror.test:5000\r\n'): Promise<string> {
  const done = new Promise<void>((resolve) => {
    recorded = (record) => {
      records.push(record);
      resolve();
    };
  });
  const request = `${line}\r\n${headers}Connection: close\r\n\r\n`;
  const text = await received(await sent(listener.address.port, request));
  await done;
  return text;
}

test.each(paths)('%s reaches the registry as sent, ahead of hono', async (path, route) => {
  const target = `${path}?ns=docker.io&x=%2B+y`;
  const text = await ask(`GET ${target} HTTP/1.1`);
  expect(text).toContain(JSON.stringify({ target, route }));
  expect(byApp).toHaveLength(route.kind === 'unknown' ? 1 : 0);
});

test.each(['/v2/../healthz', '/v2/a/../b/manifests/1', '/healthz/../v2/a/manifests/1'])(
  '%s is not walked through',
  async (target) => {
    expect(await ask(`GET ${target} HTTP/1.1`)).toContain(JSON.stringify(target));
  },
);

test('a whole URL, as clients send to a proxy', async () => {
  const text = await ask('GET http://mirror.test/v2/a/manifests/1?x HTTP/1.1');
  expect(text).toContain('"/v2/a/manifests/1?x"');
  expect(await ask('GET http://mirror.test/healthz HTTP/1.1')).toContain('"status":"ok"');
});

test('a request has the identifier that a proxy gave it, or its own', async () => {
  const host = 'Host: mirror.test:5000\r\n';
  await ask('GET /v2/ HTTP/1.1', `${host}X-Request-Id: from-the-proxy\r\n`);
  await ask('GET /v2/ HTTP/1.1');
  await ask('GET /healthz HTTP/1.1');
  const [given, ...own] = records.map(({ id }) => id);
  expect(given).toBe('from-the-proxy');
  expect(new Set(own).size).toBe(2);
  expect(own).not.toContain(undefined);
});

test('hono answers everything else, and it is noted', async () => {
  const text = await ask('GET /healthz?v HTTP/1.1');
  expect(text).toMatch(/^HTTP\/1.1 200 OK\r\n/);
  const bytes = text.length - text.indexOf('\r\n\r\n') - 4;
  expect(records).toEqual([
    expect.objectContaining({ status: 200, method: 'GET', written: { bytes, end: 'complete' } }),
  ]);
  expect(records[0]?.note.kind).toBe('healthz');
  const head = await ask('HEAD /healthz HTTP/1.1');
  expect(head).toContain(`content-length: ${bytes}\r\n`);
  expect(head.endsWith('\r\n\r\n')).toBe(true);
  expect(records[1]?.written).toEqual({ bytes: 0, end: 'complete' });
  expect(await ask('POST /healthz HTTP/1.1')).toContain('HTTP/1.1 405');
  expect(byApp).toHaveLength(3);
});

test('requests that are no URL are answered too', async () => {
  expect(await ask('GET /healthz HTTP/1.0', '')).toContain('"status":"ok"');
  expect(await ask('OPTIONS * HTTP/1.1')).toContain('HTTP/1.1 400');
  expect(await ask('GET /healthz HTTP/1.1', 'Host: a b\r\n')).toContain('HTTP/1.1 400');
  expect(records.map(({ status }) => status)).toEqual([200, 400, 400]);
  expect(errors).toEqual([]);
});

test('an answer that is not written because its client left is noted as that', async () => {
  await listener.close(0);
  let came: () => void = () => undefined;
  const arrived = new Promise<void>((resolve) => {
    came = resolve;
  });
  const going = new Promise<void>((resolve) => {
    gone = resolve;
  });
  const app = createApp({
    registry: tellingRegistry,
    health: () => 'ok',
    unexpected: (error) => void errors.push(error),
    metrics: async () => {
      came();
      await going;
      return { type: 'text/plain', body: 'late' };
    },
  });
  listener = await start(app);
  const socket = connect(listener.address.port, '127.0.0.1');
  await once(socket, 'connect');
  const left = new Promise<RequestRecord>((resolve) => {
    recorded = resolve;
  });
  socket.write('GET /metrics HTTP/1.1\r\nHost: mirror.test\r\n\r\n');
  await arrived;
  socket.destroy();
  expect((await left).written).toEqual({ bytes: 0, end: 'left' });
  expect(errors).toEqual([]);
});

test('bytes that were sent are counted, and an answer without a body is not', async () => {
  await ask('HEAD /v2/library/alpine/manifests/3.20 HTTP/1.1');
  expect(served).toEqual([]);
  await ask('GET /v2/library/alpine/manifests/3.20 HTTP/1.1');
  expect(served).toEqual([records.at(-1)?.written.bytes]);
  expect(served[0]).toBeGreaterThan(0);
});
