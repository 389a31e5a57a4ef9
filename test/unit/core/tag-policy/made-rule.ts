import { TagPattern } from '../../../../functions/core/tag-policy/tag-pattern.ts';
import type { TagRule } from '../../../../functions/core/tag-policy/tag-rule.ts';

/** A rule about tags that is enforced and has no action but these. */
export function madeRule(match: string, differences: Partial<TagRule>): TagRule {
  return {
    match: new TagPattern(match),
    semver: undefined,
    platforms: undefined,
    mode: 'enforce',
    freeze: undefined,
    cooldown: undefined,
    access: undefined,
    ...differences,
  };
}
