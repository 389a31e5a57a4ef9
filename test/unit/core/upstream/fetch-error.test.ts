import { expect, test } from 'vitest';
import type { UpstreamFetch } from '../../../../functions/core/upstream/connection.ts';
import { fetchError } from '../../../../functions/node/upstream/network-error.ts';
import { startRaw } from './raw-server.ts';
import { clientOf, failureOf } from './scripted-server.ts';

/** Docker Hub's answer to too many requests, with header lines that end in LF alone. */
const abusePage =
  'HTTP/1.1 429 Too Many Requests\r\ncache-control: no-cache\nretry-after: 60\n\n' +
  'Too Many Requests (HAP429).\n';

async function expectLimited(send: UpstreamFetch, page: string): Promise<void> {
  await using server = await startRaw(page);
  const { upstream, at, events } = clientOf(server.url, {
    fetch: (url, init) =>
      send(url, init).catch((error: unknown) => {
        throw fetchError(error, 'headers');
      }),
  });
  const failure = await failureOf(upstream.listTags(at('a/b')));
  expect(failure.kind).toBe('limited');
  expect(failure.cause).toBeUndefined();
  expect(events).toMatchObject([{ status: 'limited' }]);
}

const pages = [abusePage, abusePage.replaceAll('\r\n', '\n')];

test.each(pages)("the abuse page is limited with Node's fetch", async (page) => {
  await expectLimited(fetch, page);
});

test.each(pages)('the abuse page is limited with undici', async (page) => {
  const { Agent, fetch: undiciFetch } = await import('undici');
  // Without an agent of its own it would run on Node's engine, whose errors differ.
  const dispatcher = new Agent();
  const send: UpstreamFetch = async (url, init) => {
    const response = await undiciFetch(url, { ...init, dispatcher });
    return new Response(await response.text(), { status: response.status });
  };
  await expectLimited(send, page);
  await dispatcher.close();
});

test("the abuse page is limited with Node's http, whose errors have only a code", () => {
  const error = Object.assign(new Error('Parse Error'), { code: 'HPE_INVALID_HEADER_TOKEN' });
  expect(fetchError(error, 'headers').kind).toBe('limited');
});
