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
