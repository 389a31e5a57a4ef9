import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type {
  FillHandler,
  FillJob,
  FillOutcome,
  FillQueue,
} from '../../functions/core/ports/fill-queue.ts';
import { madeDigest } from './made-content.ts';
import type { OpenedPort } from './opened-port.ts';

/** A queue together with what hands out its jobs. */
export interface HandledQueue extends FillQueue {
  /** Begins to hand out jobs. */
  start(handler: FillHandler): void;
}

function jobOf(text: string, name = 'library/alpine'): FillJob {
  const blob = { digest: madeDigest(text), size: text.length, mediaType: 'layer' };
  return { repository: { registry: 'docker.io', name }, blob };
}

/** A handler that notes what it got, and lets a test wait for so many jobs. */
class Notes {
  readonly jobs: FillJob[] = [];
  /** The number of each job's delivery. */
  readonly deliveries: number[] = [];
  readonly #outcome: (job: FillJob, signal: AbortSignal) => FillOutcome | Promise<FillOutcome>;
  #wake: () => void = () => undefined;

  constructor(outcome: (job: FillJob, signal: AbortSignal) => FillOutcome | Promise<FillOutcome>) {
    this.#outcome = outcome;
  }

  readonly handle: FillHandler = async (job, signal, delivery) => {
    this.jobs.push(job);
    this.deliveries.push(delivery);
    this.#wake();
    return this.#outcome(job, signal);
  };

  async got(count: number): Promise<readonly FillJob[]> {
    while (this.jobs.length < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.jobs;
  }
}

const done = { kind: 'done' } as const;

/** Executes the contract of FillQueue on an implementation. */
export function describeFillQueueContract(
  name: string,
  open: () => Promise<OpenedPort<HandledQueue>>,
): void {
  describe(`FillQueue: ${name}`, () => {
    let opened: OpenedPort<HandledQueue>;

    beforeEach(async () => {
      opened = await open();
    });
    afterEach(() => opened.close());

    test('every job that was accepted is handled, as it was queued', async () => {
      const notes = new Notes(() => done);
      opened.store.start(notes.handle);
      const jobs = Array.from({ length: 30 }, (_, index) => jobOf(`blob ${index}`));
      await opened.store.enqueue(jobs.slice(0, 10));
      await Promise.all(jobs.slice(10).map((job) => opened.store.enqueue([job])));
      const handled = new Set((await notes.got(30)).map((job) => JSON.stringify(job)));
      expect(handled).toEqual(new Set(jobs.map((job) => JSON.stringify(job))));
    });

    test('jobs wait for a handler', async () => {
      await opened.store.enqueue([jobOf('early')]);
      const notes = new Notes(() => done);
      opened.store.start(notes.handle);
      expect(await notes.got(1)).toEqual([jobOf('early')]);
    });

    test('no jobs are nothing to do, and stop none that follow', async () => {
      const notes = new Notes(() => done);
      opened.store.start(notes.handle);
      await opened.store.enqueue([]);
      await opened.store.enqueue([jobOf('blob')]);
      expect(await notes.got(1)).toEqual([jobOf('blob')]);
      expect(notes.jobs).toHaveLength(1);
    });

    test('the same blob is handled for each repository that wants it', async () => {
      const notes = new Notes(() => done);
      await opened.store.enqueue([jobOf('blob'), jobOf('blob', 'library/debian')]);
      opened.store.start(notes.handle);
      const names = (await notes.got(2)).map((job) => job.repository.name);
      expect(names.sort()).toEqual(['library/alpine', 'library/debian']);
    });

    test('a job that is to be tried again is handled again, and each time is counted', async () => {
      let attempts = 0;
      const notes = new Notes(() => {
        attempts += 1;
        return attempts < 3 ? { kind: 'retry', afterSeconds: 0, reason: 'busy' } : done;
      });
      opened.store.start(notes.handle);
      await opened.store.enqueue([jobOf('blob')]);
      expect(await notes.got(3)).toEqual(Array.from({ length: 3 }, () => jobOf('blob')));
      expect(notes.deliveries).toEqual([1, 2, 3]);
    });

    test('a deferred job is delivered again as if for the first time', async () => {
      let attempts = 0;
      const notes = new Notes(() => {
        attempts += 1;
        return attempts < 3 ? { kind: 'deferred', afterSeconds: 0, reason: 'no place' } : done;
      });
      opened.store.start(notes.handle);
      await opened.store.enqueue([jobOf('blob')]);
      const jobs = await notes.got(3);
      expect(jobs.map(({ repository, blob }) => ({ repository, blob }))).toEqual(
        Array.from({ length: 3 }, () => jobOf('blob')),
      );
      expect(notes.deliveries).toEqual([1, 1, 1]);
    });

    test('a job that is done or given up can be queued anew', async () => {
      let count = 0;
      const outcomes: FillOutcome[] = [done, { kind: 'given-up', reason: 'refused' }, done];
      const notes = new Notes(() => outcomes[count++] ?? done);
      opened.store.start(notes.handle);
      for (let times = 1; times <= 3; times++) {
        // A queue may take it as one with the former while that is just ending.
        while (notes.jobs.length < times) {
          await opened.store.enqueue([jobOf('blob')]);
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
      expect(notes.jobs.length).toBeGreaterThanOrEqual(3);
    });

    test('a job that nobody began survives its process', async () => {
      await opened.store.enqueue([jobOf('one'), jobOf('two')]);
      const again = await opened.reopen();
      const notes = new Notes(() => done);
      again.start(notes.handle);
      expect(new Set(await notes.got(2))).toEqual(new Set([jobOf('one'), jobOf('two')]));
    });

    test('a job whose handler was interrupted is handled by the next process', async () => {
      const interrupted = new Notes(
        (_, signal) =>
          new Promise<FillOutcome>((resolve) => {
            const retry = { kind: 'retry', afterSeconds: 1000, reason: 'stopped' } as const;
            signal.addEventListener('abort', () => resolve(retry));
          }),
      );
      opened.store.start(interrupted.handle);
      await opened.store.enqueue([jobOf('blob')]);
      await interrupted.got(1);
      const again = await opened.reopen();
      const notes = new Notes(() => done);
      again.start(notes.handle);
      expect(await notes.got(1)).toEqual([jobOf('blob')]);
    });
  });
}
