import { beforeEach, expect, test } from 'vitest';
import { UpstreamError } from '../../../../../functions/core/ports/upstream-error.ts';
import type { AccountBudget } from '../../../../../functions/core/sources/budget/account-budget.ts';
import { governedUpstream } from '../../../../../functions/core/sources/budget/governed-upstream.ts';
import { makeImage } from '../../../../standins/images/image.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { known, ScriptedUpstream } from '../../mirror/scripted-upstream.ts';

const name = 'library/app';
const image = makeImage({ layers: [randomLayer('governed', 100)] });
const blob = known(image.layers[0]?.digest ?? '');
const tag = { kind: 'tag', tag: '1' } as const;
const whole = { start: 0 } as never;
const registry = { role: 'registry', host: 'docker.io' } as const;

/** What the budget was asked and told. */
let calls: string[];
let told: object[];
let admitted: 'send' | 'try';
/** What `check` throws. */
let stop: Error | undefined;
let upstream: ScriptedUpstream;

beforeEach(() => {
  [calls, told, admitted, stop] = [[], [], 'send', undefined];
  upstream = new ScriptedUpstream('docker.io');
  upstream.add(name, image, '1');
});

function governed() {
  const budget = {
    async admit(request: string) {
      calls.push(`admit ${request}`);
      return admitted;
    },
    check(request: string) {
      calls.push(`check ${request}`);
      if (stop !== undefined) throw stop;
    },
    checkReserve: () => calls.push('check reserve'),
    pull(...given: unknown[]) {
      calls.push(`pull ${JSON.stringify(given)}`);
      return () => calls.push('done');
    },
    answered(about: object) {
      calls.push('answered');
      told.push(about);
    },
    refused(about: object) {
      calls.push('refused');
      told.push(about);
    },
  };
  return governedUpstream(upstream, budget as unknown as AccountBudget, () => 7);
}

const remote = (more: object = {}) => ({ name, upstreamCalls: 0, ...more });
const pulled = `pull ["${name}",null,false]`;

test('a pull is admitted, counted and answered', async () => {
  expect(await governed().getManifest(remote(), tag)).toMatchObject({ kind: 'found' });
  expect(calls).toEqual(['admit pull', pulled, 'answered', 'done']);
  expect(told).toEqual([{ request: 'pull', sent: 7, rate: undefined }]);
});

test('a pull in the background asks for the reserve first, and counts for its networks', async () => {
  await governed().getManifest(remote({ isBackground: true, networks: ['office'] }), tag);
  expect(calls.slice(0, 3)).toEqual([
    'check reserve',
    'admit pull',
    `pull ["${name}",["office"],true]`,
  ]);
});

test('a pull that has to try sends a HEAD first', async () => {
  admitted = 'try';
  expect(await governed().getManifest(remote(), tag)).toMatchObject({ kind: 'found' });
  expect(upstream.asked).toEqual([`HEAD manifest ${name}:1`, `GET manifest ${name}:1`]);
  expect(calls).toEqual(['admit pull', 'answered', 'check pull', pulled, 'answered', 'done']);
  expect(told).toMatchObject([{ request: 'head' }, { request: 'pull' }]);
});

test.each(['absent', 'denied'] as const)('a HEAD that is %s is the answer', async (kind) => {
  admitted = 'try';
  upstream.headManifest = async () => ({ kind });
  expect(await governed().getManifest(remote(), tag)).toEqual({ kind });
  expect(calls).toEqual(['admit pull', 'answered']);
});

test('a pull that may not be sent after its HEAD is not sent', async () => {
  admitted = 'try';
  stop = new Error('nothing is left');
  await expect(governed().getManifest(remote(), tag)).rejects.toBe(stop);
  expect(upstream.count('GET')).toBe(0);
});

test('what an answer says is left is passed on', async () => {
  const rate = { limit: 100, remaining: 7, windowSeconds: 60 } as never;
  upstream.headManifest = async () => ({ kind: 'found', rate }) as never;
  await governed().headManifest(remote(), tag);
  expect(calls).toEqual(['admit head', 'answered']);
  expect(told).toEqual([{ request: 'head', sent: 7, rate }]);
});

test.each([
  ['headBlob', 'blob', [blob]],
  ['openBlob', 'blob', [blob, whole]],
  ['locateBlob', 'blob', [blob]],
  ['listTags', 'other', [{}]],
  ['listReferrers', 'other', [blob]],
] as const)('%s is checked as %s', async (method, request, more) => {
  const send = governed()[method] as (...given: unknown[]) => Promise<object>;
  await send(remote(), ...more);
  expect(calls).toEqual([`check ${request}`, 'answered']);
  expect(told).toMatchObject([{ request }]);
  stop = new Error('stopped');
  await expect(send(remote(), ...more)).rejects.toBe(stop);
  expect(upstream.asked).toHaveLength(1);
});

test('a URL of a redirect is not of the account', async () => {
  const url = `https://cdn.example/${name}@${blob}`;
  expect(await governed().openLocated(remote(), url, whole)).toMatchObject({ kind: 'found' });
  expect(calls).toEqual([]);
});

test.each([
  ['429', { status: 429, answerer: registry }, undefined],
  ['429 of a limit', { status: 429, answerer: registry, limit: 'pulls' as const }, 'pulls'],
  ['the page for abuse', { answerer: registry }, 'abuse'],
  ['no answerer', {}, undefined],
])('a refusal is told: %s', async (_, details, limit) => {
  upstream.failure = new UpstreamError('limited', 'wait', { retryAfter: 9, ...details });
  await expect(governed().getManifest(remote(), tag)).rejects.toBe(upstream.failure);
  expect(calls).toEqual(['admit pull', pulled, 'refused', 'done']);
  expect(told).toEqual([{ request: 'pull', sent: 7, limit, retryAfter: 9, rate: undefined }]);
});

test.each([
  ['a limit of the token service', { answerer: { ...registry, role: 'token-service' as const } }],
  ['a request that was not sent', { isUnsent: true }],
])('%s says nothing about the account', async (_, details) => {
  upstream.failure = new UpstreamError('limited', 'wait', details);
  await expect(governed().headManifest(remote(), tag)).rejects.toBe(upstream.failure);
  expect(calls).toEqual(['admit head']);
});

test.each([new UpstreamError('unavailable', 'down'), new TypeError('a bug')])(
  'any other failure says nothing about the account: %s',
  async (failure) => {
    upstream.headManifest = () => Promise.reject(failure);
    await expect(governed().headManifest(remote(), tag)).rejects.toBe(failure);
    expect(calls).toEqual(['admit head']);
  },
);

test('whether a token grants pulls is what the upstream says', () => {
  expect(governed().grantsPull?.(name)).toBe(false);
  Object.assign(upstream, { grantsPull: (of: string) => of === name });
  expect([name, 'other'].map((of) => governed().grantsPull?.(of))).toEqual([true, false]);
});
