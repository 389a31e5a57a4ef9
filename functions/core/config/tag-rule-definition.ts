import * as z from 'zod';
import { TagPattern } from '../tag-policy/tag-pattern.ts';
import { patterns } from './patterns.ts';
import { duration, flag, object, text, word } from './values.ts';
import { parseVersionRange } from './version-ranges.ts';

const expectedMatch = 'a pattern such as "library/**" or "acme/*:prod"';
const expectedRange = 'a range of versions such as ">=20" or "^1.25"';
const expectedPlatform = 'a platform such as "linux/386", "linux/arm/v6" or "windows/*"';
const platformForm = /^[a-z0-9*]+\/[a-z0-9_*]+(?:\/[a-z0-9*]+)?$/;
const expectedFreeze = 'true, or a digest such as "sha256:…"';
const digestPattern = /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/;

/** Names of repositories are lower case; a digest is no tag. */
const matchForm = /^[a-z0-9*._/-]+(?::[\w*.-]+)?$/;

const match = text(expectedMatch, matchForm);

/** A rule about tags. `tag-rule-checks.ts` finds what no single value shows. */
export const tagRule = object(
  {
    match: match.describe(
      'Which tags: a pattern of repositories, and after a colon one of tags. * matches within a path component, ** any number of components.',
    ),
    semver: text(expectedRange)
      .refine((range) => parseVersionRange(range) !== undefined, expectedRange)
      .optional()
      .describe('Which versions: only tags that are one in this range.'),
    platforms: z
      .array(text(expectedPlatform, platformForm), 'a list of platforms')
      .min(1, 'a list of platforms')
      .optional()
      .describe(
        'Which platforms: an allow or deny rule then applies to their images in an index, and not to tags.',
      ),
    freeze: z
      .union([z.literal(true, expectedFreeze), text(expectedFreeze, digestPattern)], expectedFreeze)
      .optional()
      .describe('The digest that the tags keep; true for the one that is seen first.'),
    cooldown: duration
      .optional()
      .describe(
        'How long a digest must have stood before it is served; until then the last one that did is.',
      ),
    allow: z
      .literal(true, 'true')
      .optional()
      .describe('Allows the tags, whatever later rules say.'),
    deny: z.literal(true, 'true').optional().describe('Refuses the tags.'),
    mode: word('observe', 'enforce')
      .prefault('observe')
      .describe('Whether a cooldown or a denial is applied, or only reported.'),
    first: word('allow', 'refuse')
      .prefault('allow')
      .describe('What happens if no digest of a tag has stood for the cooldown yet.'),
    fast: word('stay', 'newest-older-than')
      .prefault('stay')
      .describe(
        'What is served of a tag that always moves before the end of its cooldown: the last digest that stood for it, or the newest that was first seen before it.',
      ),
    clock: word('first-seen', 'hub')
      .prefault('first-seen')
      .describe(
        "Whose clock says since when a tag names a digest: this mirror's first sighting, or Docker Hub's last push of the tag, if the Hub says it within a second.",
      ),
    strict: flag
      .prefault(false)
      .describe('Whether a digest that is held is refused to pulls by digest, too.'),
  },
  'an object such as {"match": "library/**", "cooldown": "3d"}',
);

function pinPattern(text: string): TagPattern {
  if (!matchForm.test(text)) throw new Error(expectedMatch);
  return new TagPattern(text);
}

/** Which images are kept. */
export const keep = object(
  {
    age: duration
      .optional()
      .describe(
        "Images that were not pulled for so long are evicted. Until then, those of a tag's history are kept.",
      ),
    pins: patterns(expectedMatch, pinPattern).describe(
      'Tags whose images are never evicted, and are confirmed without a client.',
    ),
  },
  'an object such as {"age": "90d", "pins": ["library/postgres:16*"]}',
);
