import type { RemoteRepository } from '../ports/upstream.ts';
import type { Answerer } from '../ports/upstream-error.ts';
import { FetchError } from './fetch-error.ts';

/** Where a request goes to, for whom, and for what. */
export interface AwaitedHost extends Answerer {
  readonly isBlob: boolean;
  readonly remote: Pick<RemoteRepository, 'name' | 'isBackground'>;
}

/** The longest wait for a host's headers. */
export interface Limit {
  readonly milliseconds: number;
  /** Of the error at the limit. */
  readonly message: string;
}

/** Decides how long requests wait for the headers of a host. */
export interface HostTiming {
  /**
   * Sends a request, unless the host seems silent and another request probes it. Rejects with a
   * FetchError `timeout` at the limit, with its message, or earlier.
   */
  send(
    at: AwaitedHost,
    limit: Limit,
    request: (signal: AbortSignal) => Promise<Response>,
  ): Promise<Response>;
}

/** Waits for every host until the limit. */
export const untilLimit: HostTiming = {
  async send(_, limit, request) {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), limit.milliseconds);
    try {
      return await request(abort.signal);
    } catch (error) {
      throw abort.signal.aborted ? new FetchError('timeout', limit.message) : error;
    } finally {
      clearTimeout(timer);
    }
  },
};

/** The error when a host does not answer; `isHostAlive` if it answered others meanwhile. */
export function noAnswer(isHostAlive = false): FetchError {
  return new FetchError('timeout', 'no answer in time', { isHostAlive });
}
