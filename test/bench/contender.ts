import type { ContenderName, MeasureName } from './options.ts';

/** A mirror that runs with a store of its own. */
export interface RunningMirror {
  /** Base URL without a slash at the end. */
  readonly url: string;
  readonly pid: number;
  /** Resolves when the blob of this digest is in the store and no longer on its way into it. */
  stored(digest: string): Promise<void>;
  /** Ends the process and removes the store. */
  end(): Promise<void>;
}

/** One of the mirrors that are compared. */
export interface Contender {
  readonly name: ContenderName;
  readonly version: string;
  /** The groups of measures that it takes part in. */
  readonly measures: readonly MeasureName[];
  /** Starts it on an empty store in front of this registry. */
  start(upstream: string): Promise<RunningMirror>;
}
