import type { VersionRange } from '../tag-policy/version-range.ts';

/** Whether some text matches both patterns of repositories or tags, in which `*` matches no slash. */
export function patternsOverlap(one: string, other: string): boolean {
  const [own, others] = [tokensOf(one), tokensOf(other)];
  const seen = new Set<number>();
  const from = (at: number, place: number): boolean => {
    const key = at * (others.length + 1) + place;
    if (seen.has(key)) return false;
    seen.add(key);
    const [token, beside] = [own[at], others[place]];
    if (token === undefined && beside === undefined) return true;
    if (isStar(token) && (from(at + 1, place) || (takes(token, beside) && from(at, place + 1))))
      return true;
    if (isStar(beside) && (from(at, place + 1) || (takes(beside, token) && from(at + 1, place))))
      return true;
    return token === beside && from(at + 1, place + 1);
  };
  return from(0, 0);
}

function tokensOf(pattern: string): readonly string[] {
  return pattern.match(/\*\*|[\s\S]/g) ?? [];
}

function isStar(token: string | undefined): token is '*' | '**' {
  return token === '*' || token === '**';
}

function takes(star: '*' | '**', token: string | undefined): boolean {
  return token !== undefined && (star === '**' || token !== '/');
}

/** Whether some version is in both ranges, by what lies at the bounds of either. */
export function rangesOverlap(one: VersionRange, other: VersionRange): boolean {
  const versions = ['0', ...samplesOf(one), ...samplesOf(other)];
  return versions.some((version) => one.test(version) && other.test(version));
}

/** Each bound, and the version after it. */
function samplesOf({ sets }: VersionRange): string[] {
  return sets
    .flat()
    .flatMap(({ version: [major, minor, patch] }) => [
      `${major}.${minor}.${patch}`,
      `${major}.${minor}.${patch + 1}`,
      `${major}.${minor}.${patch}-rc`,
    ]);
}
