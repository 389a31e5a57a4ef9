import { expect, test } from 'vitest';
import type { UpstreamEvent } from '../../../../functions/core/ports/event.ts';
import { hubPushTime } from '../../../../functions/core/upstream/hub-push-time.ts';
import { madeDigest } from '../../../contract/made-content.ts';
import { type ScriptedAnswer, startScripted } from './scripted-server.ts';

const digest = madeDigest('index');
const pushed = '2026-11-20T08:15:30.123456Z';
const path = '/v2/namespaces/library/repositories/app/tags/1.2';

async function ask(answer: ScriptedAnswer, name = 'library/app') {
  await using server = await startScripted({ path, answer });
  const events: UpstreamEvent[] = [];
  const time = await hubPushTime(
    { registry: 'hub.docker.com', url: server.url, userAgent: 'pullfront/0' },
    { fetch, now: Date.now, observe: (event) => events.push(event) },
    ...([name, '1.2', digest] as const),
  );
  return { time, seen: server.seen, events };
}

const json = (body: object) => ({ body: JSON.stringify(body) });

test('the push of the tag counts, and no credentials are sent', async () => {
  const { time, seen, events } = await ask(
    json({ digest, tag_last_pushed: pushed, last_updated: '2020-01-01T00:00:00Z' }),
  );
  expect(time).toBe(Date.parse('2026-11-20T08:15:30.123Z'));
  expect(seen).toMatchObject([{ method: 'GET', path, headers: { 'user-agent': 'pullfront/0' } }]);
  expect(seen[0]?.headers).not.toHaveProperty('authorization');
  expect(events).toMatchObject([{ kind: 'upstream-request', registry: 'hub.docker.com' }]);
});

test('an image without an index is listed alone', async () => {
  const one = { digest };
  expect((await ask(json({ images: [one], tag_last_pushed: pushed }))).time).toBeDefined();
  const other = { digest: madeDigest('other') };
  expect((await ask(json({ images: [one, other], tag_last_pushed: pushed }))).time).toBeUndefined();
});

test.each([
  ['another digest', json({ digest: madeDigest('other'), tag_last_pushed: pushed })],
  ['no time', json({ digest })],
  ['no date', json({ digest, tag_last_pushed: 'yesterday' })],
  ['a number', json({ digest, tag_last_pushed: 5 })],
  ['a page', { body: '<html>' }],
  ['404', { status: 404 }],
  ['429', { status: 429 }],
  ['a redirect', { status: 302, headers: { location: 'http://127.0.0.1:1/' } }],
])('%s says nothing', async (_, answer) => {
  expect((await ask(answer)).time).toBeUndefined();
});

test('silence rejects after a second, and a broken body at once', async () => {
  await expect(ask({ silent: true })).rejects.toThrow('no answer within 1000 ms');
  await expect(ask({ body: 'x'.repeat(300_000) })).rejects.toThrow('more than 262144 bytes');
});

test.each(['app', 'a/b/c'])('%s is no name of the Hub, so that nothing is sent', async (name) => {
  const { time, seen } = await ask({}, name);
  expect(time).toBeUndefined();
  expect(seen).toEqual([]);
});
