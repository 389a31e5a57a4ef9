import { describe, expect, it } from 'vitest';
import { fromRequest, toResponse } from '../../../../functions/core/service/web.ts';

describe('fetch', () => {
  it('reads a request', () => {
    const request = new Request('https://mirror.test:8443/v2/a%3Ab/?ns=docker.io&n=1', {
      headers: { 'If-Range': '"x"' },
    });
    const read = fromRequest(request);
    expect(read.method).toBe('GET');
    expect(read.target).toBe('/v2/a%3Ab/?ns=docker.io&n=1');
    expect(read.header('if-range')).toBe('"x"');
    expect(read.header('range')).toBeUndefined();
  });

  it('cancels the stream that a HEAD does not read', async () => {
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      cancel() {
        cancelled = true;
      },
    });
    const note = { kind: 'blob', form: 'root', upstreamCalls: 0 } as const;
    const response = toResponse({ status: 200, headers: {}, body, note }, 'HEAD');
    expect(response.body).toBeNull();
    expect(cancelled).toBe(true);
  });
});
