import Range from 'semver/classes/range.js';
import { type VersionBound, VersionRange } from '../tag-policy/version-range.ts';

/** Parses a range as npm writes it (`>=20`, `^1.25`, `18 || 20`); undefined if it is none. */
export function parseVersionRange(text: string): VersionRange | undefined {
  try {
    const { set } = new Range(text);
    const sets = set.map((bounds) =>
      bounds.flatMap((bound): VersionBound[] => {
        const { operator, semver } = bound;
        // A bound that any version meets has no version.
        if (typeof semver.major !== 'number') return [];
        const { major, minor, patch, prerelease } = semver;
        const final = prerelease.length === 0 ? 1 : 0;
        return [{ operator: operator ?? '', version: [major, minor, patch, final] }];
      }),
    );
    return new VersionRange(text, sets);
  } catch {
    return undefined;
  }
}
