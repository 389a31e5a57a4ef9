import { expect, it } from 'vitest';
import type { PutOutcome } from '../../../functions/core/ports/blob-store.ts';
import { ActivePuts } from '../../../functions/memory/active-puts.ts';

/** A put that ends when its signal aborts, or by hand. */
function start(puts: ActivePuts, signal?: AbortSignal) {
  let given = new AbortController().signal;
  let finish: (outcome: PutOutcome) => void = () => undefined;
  const put = puts.start(signal, (its) => {
    given = its;
    const done = new Promise<PutOutcome>((resolve, reject) => {
      finish = resolve;
      its.addEventListener('abort', () => reject(its.reason));
    });
    done.catch(() => undefined);
    return { done };
  });
  return { put, signal: given, finish };
}

it('aborts a put with the reason of its caller, before or after its start', async () => {
  const puts = new ActivePuts();
  const abort = new AbortController();
  const { signal } = start(puts, abort.signal);
  expect(signal.aborted).toBe(false);
  abort.abort(new Error('gone'));
  expect(signal.reason).toEqual(new Error('gone'));
  expect(start(puts, abort.signal).signal.reason).toEqual(new Error('gone'));
});

it('aborts all puts when it closes, and waits for them', async () => {
  const puts = new ActivePuts();
  const [one, two] = [start(puts), start(puts)];
  await puts.close();
  await expect(one.put.done).rejects.toThrow('the blob store is closing');
  await expect(two.put.done).rejects.toThrow('the blob store is closing');
});

it('leaves alone what is done', async () => {
  const puts = new ActivePuts();
  const abort = new AbortController();
  const { put, signal, finish } = start(puts, abort.signal);
  finish({ kind: 'stored', size: 1 });
  await put.done;
  await Promise.resolve();
  abort.abort();
  await puts.close();
  expect(signal.aborted).toBe(false);
});
