import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import type { StartMirror } from './mirror.ts';
import type { Outcome } from './run.ts';
import { openStage, type Stage } from './stage.ts';

/** A container client as the tests use it. */
export interface Client {
  /** Pulls `registry/repository:tag` or `…@digest`. */
  pull(reference: string): Promise<Outcome>;
  /** Removes an image with its layers. */
  remove(reference: string): Promise<void>;
  /** Runs a command in a pulled image; gives what it printed. */
  run?(reference: string, command: readonly string[]): Promise<string>;
  /** The digest by which it keeps a pulled image: of the manifest, or of the config. */
  digest?(reference: string): Promise<string>;
  stop(): Promise<void>;
}

/** How a client differs from others; all of it was measured. */
export interface Traits {
  readonly name: string;
  /** Can run what it pulled. */
  readonly runs: boolean;
  /** Asks for the rest by Range when a body is cut. */
  readonly resumes: boolean;
  readonly unpacksZstd: boolean;
  /** Pulls every platform of an index, and not only its own. */
  readonly pullsAllPlatforms?: boolean;
  /** Turns to the origin also when it has the mirror's manifest and lacks a blob. */
  readonly fallsBackForBlobs: boolean;
  /** The status by which a mirror without a copy says that its upstream is limited. */
  readonly limitedStatus: 429 | 503;
}

/** The stage and the client of a suite; both exist inside tests only. */
export interface Setting<C extends Client = Client> {
  readonly stage: Stage;
  readonly client: C;
}

/** Opens a stage and starts a client for all tests of a suite, with a new mirror for each test. */
export function useStage<C extends Client>(
  name: string,
  start: (stage: Stage) => Promise<C>,
  startMirror?: StartMirror,
): Setting<C> {
  let stage: Stage | undefined;
  let client: C | undefined;
  const present = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('the stage is open inside tests only');
    return value;
  };
  beforeAll(async () => {
    stage = await openStage(name, startMirror);
    client = await start(stage);
  });
  beforeEach(() => present(stage).reset());
  afterEach(() => {
    // Whatever a test is about: a mirror never asks for a login, and nobody sends it one.
    const { tap, ghcr } = present(stage);
    const { passed } = tap;
    expect(passed.filter((one) => one.authorization !== undefined || one.status === 401)).toEqual(
      [],
    );
    expect(ghcr.requests.filter((one) => one.authorization !== undefined)).toEqual([]);
  });
  afterAll(async () => {
    await client?.stop();
    await stage?.close();
  });
  return {
    get stage() {
      return present(stage);
    },
    get client() {
      return present(client);
    },
  };
}
