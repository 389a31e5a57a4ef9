import { tagLife } from '../../core/ports/manifest-store.ts';
import * as statements from './statements.ts';

/** One of this many writes of an isolate examines old tags. */
const interval = 50;

/** How many it examines: more than were written meanwhile. */
const examined = 200;

/** Removes old tags whose manifest their repository does not have: clients may ask for any tag by HEAD. */
export class TagCleanup {
  readonly #database: D1Database;
  readonly #now: () => number;
  #written = 0;
  /** Up to which time tags were examined, in ms since 1970. */
  #position = 0;

  /** `now` in ms since 1970. */
  constructor(database: D1Database, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  /** Called after each write of a tag. A failure does not matter: the tag is written. */
  async written(): Promise<void> {
    this.#written += 1;
    if (this.#written % interval === 0) await this.#examine().catch(() => undefined);
  }

  async #examine(): Promise<void> {
    const before = this.#now() - tagLife;
    const { results } = await this.#database
      .prepare(statements.tagsCheckedBetween)
      .bind(this.#position, before, examined)
      .all<{ repository: string; tag: string; checked: number }>();
    // Begins again at the end. Of a time at which many were checked, some may be left out once.
    this.#position = results.length < examined ? 0 : (results.at(-1)?.checked ?? 0) + 1;
    if (results.length === 0) return;
    await this.#database
      .prepare(statements.removeUnneededTags)
      .bind(JSON.stringify(results), before)
      .run();
  }
}
