import type { Digest } from '../../oci/digest.ts';
import { UpstreamError } from '../../ports/upstream-error.ts';
import type { Source } from '../../sources/source.ts';
import { registryBlobKey } from '../memory.ts';

/** Ranges read beside the fill of one blob, and by one client beside any fill. */
const mostBesideFill = 8;
const mostBesideFills = 16;

/** Half of the connections that a server opens to the blobs of a registry. */
const mostOfClient = 256;

/** Ends a read; further calls do nothing. */
type EndRead = () => void;

/**
 * Counts the reads that hold a connection to an upstream for one client, at that client's pace. Without
 * shares, one client that reads nothing could take all connections to a registry.
 */
export class UpstreamReads {
  readonly #counts = new Map<string, number>();

  /**
   * Begins a read beside a fill; undefined if the blob or the client has its share, so that the client
   * has to follow the fill.
   */
  beside({ repository, client }: Source, digest: Digest): EndRead | undefined {
    const ofBlob = `blob ${registryBlobKey(repository.registry, digest)}`;
    const ofClient = client === undefined ? undefined : `beside ${client.key}`;
    if (this.#has(ofBlob, mostBesideFill) || this.#has(ofClient, mostBesideFills)) return undefined;
    return this.#begin(ofBlob, ofClient);
  }

  /** Begins any read. Throws an UpstreamError if the client has half of the registry's connections. */
  begin({ repository: { registry }, client }: Source): EndRead {
    const key = client === undefined ? undefined : `${registry} ${client.key}`;
    if (!this.#has(key, mostOfClient)) return this.#begin(key);
    const message = `${registry}: a client has too many blobs passed through at once`;
    throw new UpstreamError('limited', message);
  }

  #has(key: string | undefined, most: number): boolean {
    return key !== undefined && (this.#counts.get(key) ?? 0) >= most;
  }

  #begin(...keys: readonly (string | undefined)[]): EndRead {
    for (const key of keys) this.#add(key, 1);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      for (const key of keys) this.#add(key, -1);
    };
  }

  #add(key: string | undefined, change: 1 | -1): void {
    if (key === undefined) return;
    const count = (this.#counts.get(key) ?? 0) + change;
    if (count === 0) this.#counts.delete(key);
    else this.#counts.set(key, count);
  }
}
