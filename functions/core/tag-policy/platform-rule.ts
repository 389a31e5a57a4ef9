import { RepositoryPattern } from '../oci/repository.ts';
import type { TagRule } from './tag-rule.ts';

/**
 * The rule that decides about the image of a platform in an index with this tag: the first about access that
 * matches. Undefined if that is none about platforms. `tag` is empty for an index without one.
 */
export function platformRule(
  rules: readonly TagRule[],
  repository: string,
  tag: string,
  platform: string,
): TagRule | undefined {
  const first = rules.find(
    ({ access, match, semver, platforms }) =>
      access !== undefined &&
      match.test(repository, tag) &&
      (semver?.test(tag) ?? true) &&
      (platforms === undefined || platforms.some((one) => isPlatform(one, platform))),
  );
  return first?.platforms === undefined ? undefined : first;
}

/** Whether a pattern such as `linux/arm` matches a platform: without a variant, it matches all of them. */
export function isPlatform(pattern: string, platform: string): boolean {
  const [os, architecture] = platform.split('/');
  const compiled = new RepositoryPattern(pattern);
  return compiled.test(platform) || compiled.test(`${os}/${architecture}`);
}

/** Whether a rule may refuse a pull by digest. */
export function bindsDigests({ platforms, cooldown }: TagRule): boolean {
  return platforms !== undefined || cooldown?.strict === true;
}
