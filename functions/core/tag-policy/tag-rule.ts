import type { Digest } from '../oci/digest.ts';
import type { TagPattern } from './tag-pattern.ts';
import type { VersionRange } from './version-range.ts';

/** Whether a rule acts, or only reports what it would do. */
export type RuleMode = 'observe' | 'enforce';

/** A cooldown: how long a digest must have stood before it is served. */
export interface Cooldown {
  /** In ms. */
  readonly age: number;
  /** What happens if no digest of the tag is that old. */
  readonly first: 'allow' | 'refuse';
  /** What is served of a tag that always moves sooner. */
  readonly fast: 'stay' | 'newest-older-than';
  /** Whether young digests are held when they are pulled by digest, too. */
  readonly strict: boolean;
  /** Whose clock says how long a digest stood. */
  readonly clock: 'first-seen' | 'hub';
}

/** A configured rule about tags. It has one of `freeze`, `cooldown` and `access`. */
export interface TagRule {
  readonly match: TagPattern;
  readonly semver: VersionRange | undefined;
  /** Applies to images of these platforms only, such as `windows/amd64`; undefined: to tags. */
  readonly platforms: readonly string[] | undefined;
  readonly mode: RuleMode;
  readonly freeze: Digest | true | undefined;
  readonly cooldown: Cooldown | undefined;
  readonly access: 'allow' | 'deny' | undefined;
}

/** The rules that apply to one tag: of each kind the first that matches. */
export interface TagRules {
  readonly access: TagRule | undefined;
  readonly freeze: TagRule | undefined;
  readonly cooldown: TagRule | undefined;
}

/** No rule applies. */
export const noRules: TagRules = { access: undefined, freeze: undefined, cooldown: undefined };

/** The rules that apply to a tag of a repository. */
export function rulesOf(rules: readonly TagRule[], repository: string, tag: string): TagRules {
  const matching = rules.filter(
    ({ match, semver, platforms }) =>
      platforms === undefined && match.test(repository, tag) && (semver?.test(tag) ?? true),
  );
  if (matching.length === 0) return noRules;
  return {
    access: matching.find((rule) => rule.access !== undefined),
    freeze: matching.find((rule) => rule.freeze !== undefined),
    cooldown: matching.find((rule) => rule.cooldown !== undefined),
  };
}
