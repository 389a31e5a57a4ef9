import type { PasswordPlace } from '../config/resolve.ts';
import type { MissingBlobs } from '../mirror/context.ts';
import type { UpkeepOf } from '../mirror/upkeep.ts';
import type { Log } from '../observe/log.ts';
import type { Ports } from '../ports/ports.ts';
import type { Runtime } from '../ports/runtime.ts';
import type { SignInReader } from '../sources/accounts/sign-in.ts';
import type { UpstreamFetch } from '../upstream/connection.ts';

/** Everything that a service needs from its platform. */
export interface Platform {
  readonly ports: Ports;
  /** Its `observe` writes to the log and, where the platform has them, to the metrics. */
  readonly runtime: Runtime;
  readonly log: Log;
  /** For requests to upstreams. */
  readonly fetch: UpstreamFetch;
  /** Rejects with an Error that names the place and says why it cannot be read. */
  readPassword(place: PasswordPlace): Promise<string>;
  /** Reads the credentials of helpers, Docker's configuration and Amazon ECR; undefined if it cannot. */
  readonly readSignIn?: SignInReader | undefined;
  /** How clients get blobs that are not stored. */
  readonly missingBlobs: MissingBlobs;
  /** The work beside pulls; undefined for an instance that only serves them. */
  readonly upkeep?: UpkeepOf | undefined;
  /** The shortest time between two records of a manifest's last pull, in ms; an hour by default. */
  readonly markInterval?: number | undefined;
  /** How long a URL of the bucket is valid, in ms; 20 minutes by default. */
  readonly urlLife?: number | undefined;
  /**
   * How long after a count of a client's bytes, or of a pull, it is written, in ms; undefined where only the
   * next count or pull, or the end of the process, writes it.
   */
  readonly usageDelay?: number | undefined;
  /** How many blobs and manifests one eviction run examines; unlimited by default. */
  readonly evictionSteps?: number | undefined;
}
