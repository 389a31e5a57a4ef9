import type { Reference } from '../oci/reference.ts';
import { referenceText } from '../oci/reference.ts';
import type { RemoteRepository } from '../ports/upstream.ts';

/** How long a 401 to HEAD is believed after a GET was refused too, in ms. */
const beliefLife = 60_000;

/** How long a 401 to HEAD is known to be wrong after a GET showed that, in ms. */
const wrongLife = 3_600_000;

/**
 * Whether to believe a registry that answers HEAD of a manifest with 401 despite a good token. ECR Public
 * does so for every manifest. Elsewhere it is the truth, and GETs would count as pulls. A GET tells.
 */
export class HeadRefusals {
  readonly #now: () => number;
  #believedSince = Number.NEGATIVE_INFINITY;
  #wrongSince = Number.NEGATIVE_INFINITY;
  /** The manifest whose GET will tell. */
  #tried: string | undefined;

  /** `now` in ms since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** True while a 401 to HEAD says nothing about the token. */
  get areWrong(): boolean {
    return this.#isWithin(this.#wrongSince, wrongLife);
  }

  /** True if a HEAD that was refused should be followed by a GET. */
  mayBeWrong(remote: RemoteRepository, reference: Reference): boolean {
    if (!this.areWrong && this.#isWithin(this.#believedSince, beliefLife)) return false;
    this.#tried = keyOf(remote, reference);
    return true;
  }

  /** The registry answered a GET. */
  noteGet(remote: RemoteRepository, reference: Reference, isDenied: boolean): void {
    if (this.#tried !== keyOf(remote, reference)) return;
    this.#tried = undefined;
    if (isDenied) this.#believedSince = this.#now();
    else this.#wrongSince = this.#now();
  }

  #isWithin(since: number, milliseconds: number): boolean {
    const age = this.#now() - since;
    return age >= 0 && age < milliseconds;
  }
}

function keyOf({ name }: RemoteRepository, reference: Reference): string {
  return `${name} ${referenceText(reference)}`;
}
