/** A version, and 1 if it is final or 0 if it is a prerelease, which comes before it. */
type Version = readonly [major: number, minor: number, patch: number, final: 0 | 1];

/** One side of a range: `>=20.0.0`. */
export interface VersionBound {
  readonly operator: '' | '=' | '<' | '<=' | '>' | '>=';
  readonly version: Version;
}

const tagForm = /^v?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(?:[-_.+](.*))?$/i;

/** What follows the number of a version that is not final; anything else is a variant, as in `20-alpine`. */
const prerelease = /^(?:alpha|beta|canary|dev|m\d|milestone|next|nightly|pre|preview|rc|snapshot)/i;

/**
 * A range of versions that tags may lie in, as any of several sets of bounds. What a tag leaves out is 0,
 * and a variant such as `-alpine` does not matter. A prerelease comes before its version, whichever it is. A tag
 * that is no version is in no range.
 */
export class VersionRange {
  readonly text: string;
  readonly sets: readonly (readonly VersionBound[])[];

  constructor(text: string, sets: readonly (readonly VersionBound[])[]) {
    this.text = text;
    this.sets = sets;
  }

  test(tag: string): boolean {
    const version = versionOf(tag);
    if (version === undefined) return false;
    return this.sets.some((bounds) => bounds.every((bound) => isWithin(version, bound)));
  }
}

function versionOf(tag: string): Version | undefined {
  const [, major, minor = '0', patch = '0', suffix = ''] = tagForm.exec(tag) ?? [];
  if (major === undefined) return undefined;
  const final = prerelease.test(suffix) ? 0 : 1;
  return [Number(major), Number(minor), Number(patch), final];
}

function isWithin(version: Version, { operator, version: bound }: VersionBound): boolean {
  const order = compare(version, bound);
  switch (operator) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    default:
      return order === 0;
  }
}

function compare(a: Version, b: Version): number {
  const at = a.findIndex((part, index) => part !== b[index]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}
