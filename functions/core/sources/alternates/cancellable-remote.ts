import type { RemoteRepository } from '../../ports/upstream.ts';

/** The same repository for requests that a signal cancels; it counts them where they are counted. */
export function cancellable(remote: RemoteRepository, signal: AbortSignal): RemoteRepository {
  return {
    name: remote.name,
    isBackground: remote.isBackground ?? false,
    networks: remote.networks,
    signal: remote.signal === undefined ? signal : AbortSignal.any([remote.signal, signal]),
    get upstreamCalls() {
      return remote.upstreamCalls;
    },
    set upstreamCalls(calls) {
      remote.upstreamCalls = calls;
    },
  };
}
