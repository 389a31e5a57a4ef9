import { describe, expect, test, vi } from 'vitest';
import type { Upstream } from '../../../../functions/core/ports/upstream.ts';
import type { UpstreamError } from '../../../../functions/core/ports/upstream-error.ts';
import { withoutWaiting } from '../../../fake-timers.ts';
import {
  clientOf,
  digestFor,
  failureOf,
  type ScriptedAnswer,
  type ScriptedServer,
  startScripted,
} from './scripted-server.ts';

const digest = digestFor('a blob');
const remote = { name: 'a/b', upstreamCalls: 0 };
const tag = { kind: 'tag', tag: '1' } as const;

const asked = {
  manifest: {
    path: '/v2/a/b/manifests/1',
    ask: (upstream: Upstream) => upstream.getManifest(remote, tag),
  },
  blob: {
    path: `/v2/a/b/blobs/${digest}`,
    ask: (upstream: Upstream) => upstream.openBlob(remote, digest, { start: 0 }),
  },
  tags: {
    path: '/v2/a/b/tags/list?n=1000',
    ask: (upstream: Upstream) => upstream.listTags(remote),
  },
  referrers: {
    path: `/v2/a/b/referrers/${digest}`,
    ask: (upstream: Upstream) => upstream.listReferrers(remote, digest),
  },
} as const;

function placeAt(server: ScriptedServer): string {
  return new URL('/far', server.url).href;
}

function redirect(to: ScriptedServer): ScriptedAnswer {
  return { status: 307, headers: { location: placeAt(to) } };
}

const failures: readonly [string, ScriptedAnswer, object][] = [
  ['503', { status: 503 }, { kind: 'unavailable', status: 503 }],
  ['429', { status: 429 }, { kind: 'limited', status: 429 }],
  ['no answer', { silent: true }, { kind: 'timeout', status: undefined }],
];

/** How a request fails. Where a server answers nothing, the time for it passes once it was asked. */
function failing(
  asking: () => Promise<unknown>,
  answer: ScriptedAnswer,
  asked: ScriptedServer,
): Promise<UpstreamError> {
  const failure = () => failureOf(asking());
  if (!('silent' in answer)) return failure();
  return withoutWaiting(failure, () => {
    if (asked.seen.length > 0) vi.advanceTimersToNextTimer();
  });
}

describe.each(['manifest', 'blob', 'tags', 'referrers'] as const)('a %s', (what) => {
  const { path, ask } = asked[what];

  test.each(failures)('the registry fails: %s', async (_, answer, failure) => {
    await using server = await startScripted({ path, answer });
    const { upstream } = clientOf(server.url);
    expect(await failing(() => ask(upstream), answer, server)).toMatchObject({
      ...failure,
      answerer: { role: 'registry', host: server.url.host },
    });
  });

  test.each(failures)('the host that it redirects to fails: %s', async (_, answer, failure) => {
    await using away = await startScripted({ path: '/far', answer });
    await using server = await startScripted({ path, answer: redirect(away) });
    const { upstream } = clientOf(server.url);
    const role = what === 'blob' ? 'blob-host' : 'other-host';
    const error = await failing(() => ask(upstream), answer, away);
    expect(error).toMatchObject({ ...failure, answerer: { role, host: away.url.host } });
    expect(error.message).toContain(away.url.host);
  });

  test('nobody listens where it redirects to', async () => {
    const gone = await startScripted();
    await gone[Symbol.asyncDispose]();
    await using server = await startScripted({ path, answer: redirect(gone) });
    const { upstream } = clientOf(server.url);
    const role = what === 'blob' ? 'blob-host' : 'other-host';
    expect(await failureOf(ask(upstream))).toMatchObject({
      kind: 'unreachable',
      answerer: { role, host: gone.url.host },
    });
  });

  test.each(failures)('the token service fails: %s', async (_, answer, failure) => {
    await using tokens = await startScripted({
      path: '/token?scope=repository%3Aa%2Fb%3Apull',
      answer,
    });
    const challenge = `Bearer realm="${tokens.url.href}token"`;
    await using server = await startScripted({
      path,
      answer: { status: 401, headers: { 'www-authenticate': challenge } },
    });
    const { upstream } = clientOf(server.url);
    expect(await failing(() => ask(upstream), answer, tokens)).toMatchObject({
      ...failure,
      answerer: { role: 'token-service', host: tokens.url.host },
    });
  });
});

test('a body that breaks off belongs to an answer with a status', async () => {
  const { path, ask } = asked.tags;
  await using server = await startScripted({
    path,
    answer: { body: '{"tags":["1"]}', broken: { after: 5, by: 'cut' } },
  });
  const { upstream } = clientOf(server.url);
  expect(await failureOf(ask(upstream))).toMatchObject({
    kind: 'unreachable',
    status: 200,
    answerer: { role: 'registry' },
  });
});

test('credentials that were refused: who refused them', async () => {
  const credentials = { username: 'me', password: 'secret' };
  const { path, ask } = asked.tags;
  await using server = await startScripted({
    path,
    times: 2,
    answer: { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } },
  });
  const { upstream } = clientOf(server.url, { credentials });
  expect(await failureOf(ask(upstream))).toMatchObject({
    kind: 'credentials',
    answerer: { role: 'registry', host: server.url.host },
  });
});

describe('a blob host', () => {
  const { path } = asked.blob;

  test.each([
    ['GET', asked.blob.ask],
    ['HEAD', (upstream: Upstream) => upstream.headBlob(remote, digest)],
  ] as const)('that answers 404 to %s says nothing of the registry', async (method, ask) => {
    await using away = await startScripted({ method, path: '/far', answer: { status: 404 } });
    await using server = await startScripted({ method, path, answer: redirect(away) });
    const { upstream } = clientOf(server.url);
    expect(await failureOf(ask(upstream))).toMatchObject({
      kind: 'unavailable',
      status: 404,
      answerer: { role: 'blob-host', host: away.url.host },
    });
  });

  test('is named beside the bytes that it sends', async () => {
    await using away = await startScripted({ path: '/far', times: 2, answer: { body: 'a blob' } });
    await using server = await startScripted({ path, answer: redirect(away) });
    const { upstream } = clientOf(server.url);
    const opened = await upstream.openBlob(remote, digest, { start: 0 });
    expect(opened).toMatchObject({ kind: 'found', blobHost: away.url.host });
    const located = await upstream.openLocated(remote, placeAt(away), { start: 0 });
    expect(located).toMatchObject({ kind: 'found', blobHost: away.url.host });
  });

  test('is asked straight as well', async () => {
    await using away = await startScripted({ path: '/far', answer: { status: 500 } });
    const { upstream } = clientOf(new URL('http://127.0.0.1:1'));
    const located = upstream.openLocated(remote, placeAt(away), { start: 0 });
    expect(await failureOf(located)).toMatchObject({
      status: 500,
      answerer: { role: 'blob-host', host: away.url.host },
    });
  });
});

test('a manifest that is not where it is redirected to is absent', async () => {
  const { path, ask } = asked.manifest;
  await using away = await startScripted({ path: '/far', answer: { status: 404 } });
  await using server = await startScripted({ path, answer: redirect(away) });
  const { upstream } = clientOf(server.url);
  expect(await ask(upstream)).toEqual({ kind: 'absent' });
});
