import * as z from 'zod';
import { account, credentials } from './account-definition.ts';
import {
  alternatePattern,
  privateHostPattern,
  realmPattern,
  wellKnownRegistries,
} from './known-registries.ts';
import { globs, patterns } from './patterns.ts';
import { keep, tagRule } from './tag-rule-definition.ts';
import { duration, flag, object, path, registryUrl, text, wait, word } from './values.ts';

const expectedOnDeleted = '"refuse", or an object such as {"keepFor": "180d", "minimumAge": "7d"}';

const expectedAlternates =
  '"hub", or a list of registries with an optional prefix such as "public.ecr.aws/docker"';

const alternate = text(expectedAlternates, alternatePattern);

/** How one registry is mirrored. */
export const upstream = object(
  {
    url: registryUrl
      .optional()
      .describe(
        `URL of the registry, without /v2/ at its end. If all its repositories begin with the same path, as in a proxy project of Harbor, that follows /v2/: "https://harbor.example/v2/hub-proxy". A path before /v2/ is the registry's own: "https://art.example/api/docker/remote". http:// is only used if written here. Not needed for ${[...wellKnownRegistries.keys()].join(', ')}.`,
      ),
    credentials: credentials.optional(),
    accounts: z
      .array(account, 'a list of accounts')
      .prefault([])
      .describe(
        'Further accounts of the registry, with the keys of `credentials`: the one with the most pulls left is used.',
      ),
    private: flag
      .prefault(false)
      .describe(
        'Whether the names of its repositories are secret: other registries are never asked for them.',
      ),
    alternates: z
      .union(
        [z.literal('hub', expectedAlternates), z.array(alternate, expectedAlternates)],
        expectedAlternates,
      )
      .prefault([])
      .describe(
        'Registries, with an optional prefix, that may serve the same digests while this one is limited or fails, in this order: "public.ecr.aws/docker". With `"alternates": "hub"` in the file, those that mirror Docker Hub.',
      ),
    alternatesForUnseenTags: flag
      .prefault(false)
      .describe('Whether alternates may say what a tag names that this registry never named.'),
    revalidate: word('before', 'behind')
      .prefault('before')
      .describe(
        'Whether a tag older than `tagTtl` is confirmed before the answer, or the known image is served at once and the tag is confirmed after it.',
      ),
    realms: z
      .array(
        text('a host such as "auth.example.com", without https:// and path', realmPattern),
        'a list of hosts',
      )
      .prefault([])
      .describe('Further hosts that may issue tokens for the registry.'),
    privateHosts: z
      .array(
        text('a host or a network such as "minio.example.com" or "10.0.0.0/8"', privateHostPattern),
        'a list of hosts and networks',
      )
      .prefault([])
      .describe(
        'Hosts, hosts with a port, and networks at private addresses that a registry at a public address may redirect to.',
      ),
    ca: path('the path of a PEM file, or PEM text')
      .optional()
      .describe(
        'Certificate authority of the registry, trusted besides the usual ones: a file, or the PEM text itself.',
      ),
    tagTtl: duration
      .prefault('5m')
      .describe('How long a tag is served without asking the registry.'),
    maxStale: duration
      .prefault('30d')
      .describe('How long after its last check a tag may be served while the registry is failing.'),
    onDeleted: z
      .union(
        [
          z.literal('refuse', expectedOnDeleted),
          object(
            {
              keepFor: duration
                .prefault('180d')
                .describe(
                  'How long the last known image of a tag is served after the registry deleted it. With `"onDeleted": "refuse"` in the file, or 0s, it is not.',
                ),
              minimumAge: duration
                .prefault('7d')
                .describe(
                  'Images first seen less than this before they were deleted are not served: they may have been withdrawn.',
                ),
            },
            expectedOnDeleted,
          ),
        ],
        expectedOnDeleted,
      )
      .prefault({})
      .describe('Whether images that the registry deleted are still served.'),
    immutableTags: patterns(
      'a regular expression of tags such as "^v?\\d+\\.\\d+\\.\\d+$"',
      (pattern) => new RegExp(pattern),
    ).describe('Regular expressions of tags that never move once seen.'),
    allow: globs.describe(
      'Repositories that may be pulled; all if empty. * matches within a path component, ** any number of components.',
    ),
    deny: globs.describe('Repositories that must not be pulled, even if `allow` lists them.'),
    tags: z
      .array(tagRule, 'a list of rules such as {"match": "library/**", "cooldown": "3d"}')
      .prefault([])
      .describe(
        'Rules about tags: of each kind (freeze, cooldown, allow and deny) the first that matches applies.',
      ),
    asOf: flag
      .prefault(false)
      .describe(
        'Whether `1.25--as-of-20261101` and `1.25--as-of-20261101T0930` (UTC) name what this mirror saw the tag name then. Tags of that form are never requested from the registry.',
      ),
    keep: keep.prefault({}),
    hubApi: registryUrl
      .optional()
      .describe(
        'URL of the API of Docker Hub, which rules with `"clock": "hub"` ask. Default: https://hub.docker.com.',
      ),
    delivery: word('stream', 'redirect')
      .optional()
      .describe(
        'How a client gets a blob that is not stored yet: streamed through the mirror, or by a redirect to the registry. Default: stream on one machine, redirect elsewhere.',
      ),
    headersTimeout: wait
      .prefault('15s')
      .describe('How long to wait for the headers of a response of the registry.'),
    stallTimeout: wait
      .prefault('30s')
      .describe('How long the body of a response of the registry may pause.'),
  },
  'an object such as {} or {"tagTtl": "5m"}',
);
