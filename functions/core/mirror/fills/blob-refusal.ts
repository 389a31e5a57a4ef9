import type { Refused } from '../../ports/upstream.ts';

/** The upstream said that the blob is not there, or not for us: nothing to try again. */
export class BlobRefused extends Error {
  readonly refusal: Refused;

  constructor(refusal: Refused) {
    super(`the upstream answered that the blob is ${refusal.kind}`);
    this.name = 'BlobRefused';
    this.refusal = refusal;
  }
}

/**
 * The fill that a repository joined had been begun for another one, to which the upstream refused
 * the blob. Once that fill is done this repository can begin its own.
 */
export class RefusedElsewhere extends Error {
  /** `key` is the other repository's: `docker.io/library/alpine`. */
  constructor(key: string) {
    super(`the upstream refused the blob to ${key}, whose fill this was`);
    this.name = 'RefusedElsewhere';
  }
}
