import { describe, expect, test } from 'vitest';
import { digestOf } from '../images/content.ts';
import type { Fault, FaultAction } from './faults.ts';
import { bytesOf, image, layer, layerUrl, standin, tagUrl } from './standin.ts';
import type { Upstream } from './upstream.ts';

const all = Buffer.from(layer.bytes);
const withFault = (action: FaultAction, on: Fault['on'] = 'blob'): Promise<Upstream> =>
  standin({ blobs: 'stream', faults: [{ on, do: action }] });

/** Reads until the end or a break. */
async function read(
  url: string,
  headers: { [name: string]: string } = {},
): Promise<{ got: Buffer; broke: boolean }> {
  const chunks: Uint8Array[] = [];
  const answer = await fetch(url, { headers });
  try {
    for await (const chunk of answer.body ?? []) chunks.push(chunk);
    return { got: Buffer.concat(chunks), broke: false };
  } catch {
    return { got: Buffer.concat(chunks), broke: true };
  }
}

describe('which requests are befallen', () => {
  const status = { kind: 'status', status: 503 } as const;

  test.each<[string, Omit<Fault, 'do'>, number[]]>([
    ['all of a kind', { on: 'manifest' }, [503, 503, 503]],
    ['another kind', { on: 'tags' }, [200, 200, 200]],
    ['a number of times', { on: 'manifest', times: 1 }, [503, 200, 200]],
    ['after some', { on: 'manifest', skip: 1, times: 1 }, [200, 503, 200]],
    ['a method', { on: 'manifest', method: 'HEAD' }, [200, 200, 200]],
    ['a path by expression', { on: 'manifest', match: /app\/manifests\/1$/ }, [503, 503, 503]],
    ['a path by text', { on: 'manifest', match: 'other' }, [200, 200, 200]],
  ])('%s', async (_name, fault, statuses) => {
    const upstream = await standin({ faults: [{ ...fault, do: status }] });
    const seen: number[] = [];
    for (const _ of statuses) seen.push((await fetch(tagUrl(upstream))).status);
    expect(seen).toEqual(statuses);
  });

  test.each(['token', 'cdn', 'tags', 'referrers', 'ping', 'blob'] as const)('%s', async (on) => {
    const upstream = await standin({ faults: [{ on, do: status }] });
    const paths = {
      token: '/token?service=registry.standin',
      cdn: `/v2/library/app/blobs/${layer.digest}`,
      blob: `/v2/library/app/blobs/${layer.digest}`,
      tags: '/v2/library/app/tags/list',
      referrers: `/v2/library/app/referrers/${image.manifest.digest}`,
      ping: '/v2/',
    };
    expect((await fetch(`${upstream.url}${paths[on]}`)).status).toBe(503);
  });

  test('set again, the counts start again', async () => {
    const faults: Fault[] = [{ on: 'manifest', times: 1, do: status }];
    const upstream = await standin({ faults });
    await fetch(tagUrl(upstream));
    upstream.set({ faults });
    expect((await fetch(tagUrl(upstream))).status).toBe(503);
    upstream.fail({ on: 'manifest', do: status });
    expect((await fetch(tagUrl(upstream))).status).toBe(503);
    upstream.reset();
    expect((await fetch(tagUrl(upstream))).status).toBe(200);
  });
});

describe('what befalls them', () => {
  test('a status with headers and a body', async () => {
    const headers = { 'retry-after': '1.16ms' };
    const upstream = await withFault({ kind: 'status', status: 429, headers, body: 'later' });
    const answer = await fetch(layerUrl(upstream));
    expect([answer.status, answer.headers.get('retry-after'), await answer.text()]).toEqual([
      429,
      '1.16ms',
      'later',
    ]);
  });

  test.each(['truncate', 'reset'] as const)('%s cuts the body where it says', async (kind) => {
    const upstream = await withFault({ kind, after: 70_000 });
    const { got, broke } = await read(layerUrl(upstream));
    expect(broke).toBe(true);
    expect(digestOf(got)).toBe(
      digestOf(all.subarray(0, kind === 'truncate' ? 70_000 : got.length)),
    );
    expect(got.length).toBeLessThanOrEqual(70_000);
    expect(upstream.requests[0]).toMatchObject({ bytesSent: 70_000, finished: false });
  });

  test('truncate leaves a range that ends before it', async () => {
    const upstream = await withFault({ kind: 'truncate', after: 70_000 });
    const { got, broke } = await read(layerUrl(upstream), { range: 'bytes=150000-' });
    expect(broke).toBe(false);
    expect(digestOf(got)).toBe(digestOf(all.subarray(150_000)));
  });

  test('truncate and no-length together end cleanly', async () => {
    const upstream = await withFault({ kind: 'truncate', after: 70_000 });
    upstream.fail({ on: 'blob', do: { kind: 'no-length' } });
    const { got, broke } = await read(layerUrl(upstream));
    expect([got.length, broke]).toEqual([70_000, false]);
  });

  test('no-length alone delivers everything without a length', async () => {
    const upstream = await withFault({ kind: 'no-length' });
    const answer = await fetch(layerUrl(upstream));
    expect(answer.headers.get('content-length')).toBeNull();
    expect(digestOf(await bytesOf(answer))).toBe(digestOf(all));
  });

  test.each([0, 199_999])('flip changes the byte at %i, also in a range', async (at) => {
    const upstream = await withFault({ kind: 'flip', at });
    const wrong = Buffer.from(all);
    wrong.writeUInt8(wrong.readUInt8(at) ^ 1, at);
    expect(digestOf((await read(layerUrl(upstream))).got)).toBe(digestOf(wrong));
    const { got } = await read(layerUrl(upstream), { range: 'bytes=199000-' });
    expect(digestOf(got)).toBe(digestOf(wrong.subarray(199_000)));
    expect(digestOf(layer.bytes)).toBe(layer.digest);
  });

  test('stall sends what it says and then nothing', async () => {
    const upstream = await withFault({ kind: 'stall', after: 70_000 });
    const stop = new AbortController();
    const answer = await fetch(layerUrl(upstream), { signal: stop.signal });
    const reader = answer.body?.getReader();
    let got = 0;
    while (got < 70_000) got += (await reader?.read())?.value?.byteLength ?? 0;
    expect(got).toBe(70_000);
    const more = reader?.read().then(
      () => 'more',
      () => 'cut',
    );
    stop.abort();
    expect(await more).toBe('cut');
  });

  test('hold waits for a promise, before the headers or in the body', async () => {
    for (const after of [undefined, 70_000]) {
      let release = (): void => undefined;
      const until = new Promise<void>((resolve) => {
        release = resolve;
      });
      const upstream = await withFault(
        after === undefined ? { kind: 'hold', until } : { kind: 'hold', until, after },
      );
      const body = read(layerUrl(upstream));
      await upstream.until({ kind: 'blob' });
      expect(upstream.requests[0]?.bytesSent).toBeLessThan(layer.size);
      release();
      expect(digestOf((await body).got)).toBe(digestOf(all));
    }
  });

  test('silence and hang-up give no answer', async () => {
    const silent = await withFault({ kind: 'silence' });
    const stop = new AbortController();
    const answer = fetch(layerUrl(silent), { signal: stop.signal });
    await silent.until({ kind: 'blob' });
    stop.abort();
    await expect(answer).rejects.toThrow(/abort/);
    expect(silent.requests[0]?.status).toBe(0);
    await expect(fetch(layerUrl(await withFault({ kind: 'hang-up' })))).rejects.toThrow();
  });

  test.each<FaultAction>([
    { kind: 'delay', ms: 150 },
    { kind: 'slow', bytesPerSecond: 1_000_000 },
  ])('$kind takes its time', async (action) => {
    const upstream = await withFault(action);
    const started = performance.now();
    expect(digestOf((await read(layerUrl(upstream))).got)).toBe(digestOf(all));
    expect(performance.now() - started).toBeGreaterThan(140);
  });

  test('ranges can be ignored or shifted', async () => {
    const ignored = await withFault({ kind: 'ignore-range' });
    const whole = await fetch(layerUrl(ignored), { headers: { range: 'bytes=5-' } });
    expect([whole.status, (await bytesOf(whole)).length]).toEqual([200, layer.size]);
    const shifted = await withFault({ kind: 'shift-range', by: 10 });
    const part = await fetch(layerUrl(shifted), { headers: { range: 'bytes=5-99' } });
    expect(part.headers.get('content-range')).toBe(`bytes 15-99/${layer.size}`);
    expect(digestOf(await bytesOf(part))).toBe(digestOf(all.subarray(15, 100)));
  });

  test.each([10, -10])('a length can be wrong by %i', async (by) => {
    const upstream = await withFault({ kind: 'wrong-length', by });
    const answer = await fetch(layerUrl(upstream));
    expect(answer.headers.get('content-length')).toBe(String(layer.size + by));
    const body = bytesOf(answer);
    if (by > 0) await expect(body).rejects.toThrow();
    else expect((await body).length).toBe(layer.size + by);
  });

  test('a raw answer can be anything', async () => {
    const upstream = await withFault({
      kind: 'raw',
      text: 'HTTP/1.1 200 OK\r\nbad header\r\n\r\n',
    });
    await expect(fetch(layerUrl(upstream))).rejects.toThrow();
  });

  test('manifests are cut too', async () => {
    const upstream = await withFault({ kind: 'truncate', after: 10 }, 'manifest');
    expect(await read(tagUrl(upstream))).toMatchObject({ broke: true });
  });
});
