import * as z from 'zod';
import { RepositoryPattern } from '../oci/repository.ts';
import { privateHostPattern, realmPattern, wellKnownRegistries } from './known-registries.ts';
import { duration, object, path, registryUrl, text, wait, word } from './values.ts';

/** A list of patterns, which `compile` compiles. */
function patterns<Pattern>(expected: string, compile: (pattern: string) => Pattern) {
  const pattern = text(expected).transform((one, context) => {
    try {
      return compile(one);
    } catch {
      context.addIssue(expected);
      return z.NEVER;
    }
  });
  return z.array(pattern, `a list; each entry is ${expected}`).prefault([]);
}

const globs = patterns(
  'a pattern of repository names such as "library/**"',
  (glob) => new RepositoryPattern(glob),
);

const expectedPassword = 'one of {"env": "NAME"}, {"file": "PATH"} and, on AWS, {"secret": "NAME"}';

const password = z.union(
  [
    object(
      {
        env: text('the name of an environment variable').describe(
          'Environment variable that holds the password or token.',
        ),
      },
      expectedPassword,
    ),
    object(
      { file: path('the path of a file').describe('File that holds the password or token.') },
      expectedPassword,
    ),
    object(
      {
        secret: text('the name or ARN of a secret in Secrets Manager').describe(
          'On AWS: name or ARN of the secret that holds the password or token.',
        ),
      },
      expectedPassword,
    ),
  ],
  expectedPassword,
);

const expectedOnDeleted = '"refuse", or an object such as {"keepFor": "180d", "minimumAge": "7d"}';

/** How one registry is mirrored. */
export const upstream = object(
  {
    url: registryUrl
      .optional()
      .describe(
        `URL of the registry, without /v2/ at its end. If all its repositories begin with the same path, as in a proxy project of Harbor, that follows /v2/: "https://harbor.example/v2/hub-proxy". A path before /v2/ is the registry's own: "https://art.example/api/docker/remote". http:// is only used if written here. Not needed for ${[...wellKnownRegistries.keys()].join(', ')}.`,
      ),
    credentials: object(
      { username: text('a user name').describe('User name of the account.'), password },
      'an object such as {"username": "me", "password": {"env": "HUB_TOKEN"}}',
    ).optional(),
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
