import type { PasswordPlace } from '../config/resolve.ts';
import type { MissingBlobs } from '../mirror/context.ts';
import type { Log } from '../observe/log.ts';
import type { Ports } from '../ports/ports.ts';
import type { Runtime } from '../ports/runtime.ts';
import type { UpstreamFetch } from '../upstream/connection.ts';

/** What a mirror runs on: all that its service takes from a platform. */
export interface Platform {
  readonly ports: Ports;
  /** Its `observe` writes to the log, and counts where the platform has metrics. */
  readonly runtime: Runtime;
  readonly log: Log;
  /** For requests to upstreams. */
  readonly fetch: UpstreamFetch;
  /** Rejects with an Error that names the place and says why it cannot be read. */
  readPassword(place: PasswordPlace): Promise<string>;
  /** How clients get what is not stored. */
  readonly missingBlobs: MissingBlobs;
  /** How long a mark of a pull is not repeated, in ms: what a write costs decides. */
  readonly markInterval: number;
  /** How many blobs and manifests a run of eviction looks at; absent: as many as it takes. */
  readonly evictionSteps?: number | undefined;
}

/** The mark interval where a write costs next to nothing, in ms. */
export const localMarkInterval = 3_600_000;

/** The mark interval where each write is billed, in ms. */
export const billedMarkInterval = 86_400_000;
