import type { Provenance } from '../mirror/outcome.ts';

/** The Cache-Status of an answer (RFC 9211 §2); `ttl` is in seconds. */
export function cacheStatus(provenance: Provenance): string {
  switch (provenance.kind) {
    case 'hit':
      return provenance.ttl === undefined
        ? 'Pullfront; hit'
        : `Pullfront; hit; ttl=${Math.floor(provenance.ttl)}`;
    case 'revalidated':
      return `Pullfront; fwd=stale; ttl=${Math.floor(provenance.ttl)}; detail=revalidated`;
    case 'miss':
      return 'Pullfront; fwd=miss';
    case 'stale':
      return 'Pullfront; hit; detail=stale';
  }
}
