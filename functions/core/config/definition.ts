import * as z from 'zod';
import { RepositoryPattern } from '../oci/repository.ts';
import { aws } from './aws-definition.ts';
import {
  dockerHubHosts,
  privateHostPattern,
  realmPattern,
  registryPattern,
  wellKnownRegistries,
} from './known-registries.ts';
import {
  duration,
  durationBetween,
  listenAddress,
  object,
  positiveSize,
  registryUrl,
  size,
  text,
  wait,
  word,
} from './values.ts';

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
      { file: text('the path of a file').describe('File that holds the password or token.') },
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

const upstream = object(
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
    ca: text('the path of a PEM file, or PEM text')
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

const expectedRegistry = 'a registry in lower case such as "ghcr.io" or "localhost:5001"';

const registry = text(expectedRegistry, registryPattern).refine(
  (name) => !dockerHubHosts.has(name),
  '"docker.io", as in image names',
);

/** The configuration file: its types, its JSON Schema and its reference are derived from here. */
export const definition = object(
  {
    $schema: z.string('the URL of a JSON Schema').optional(),
    listen: listenAddress.prefault('127.0.0.1:5000').describe('Address to listen on.'),
    tls: object(
      {
        cert: text('the path of a PEM file').describe('Certificate chain. Enables https.'),
        key: text('the path of a PEM file').describe('Private key of the certificate.'),
      },
      'an object such as {"cert": "cert.pem", "key": "key.pem"}',
    )
      .optional()
      .describe('Serves https with this certificate chain and key.'),
    data: text('the path of a folder')
      .prefault('./pullfront-data')
      .describe('Folder for everything that is stored; one server per folder.'),
    store: word('embedded', 'memory', 'aws', 'cloudflare')
      .prefault('embedded')
      .describe(
        'Where everything is stored: in a folder of one machine, in the memory of the server, which loses it when it stops, in DynamoDB and S3, or, for a Worker, in D1 and R2.',
      ),
    aws: aws.optional().describe('Resources of the store on AWS.'),
    cloudflare: object(
      {
        // Cloudflare ends a queue consumer after 15 minutes, and a pause takes a moment. Anything
        // shorter than a second may not upload a single part, leaving nothing to resume.
        fillTime: durationBetween(1000, 14 * 60_000, 'a duration from 1s to 14m such as "10m"')
          .prefault('10m')
          .describe(
            'How long one queue message may spend on a blob before handing over; at most 14m.',
          ),
      },
      'an object such as {"fillTime": "10m"}',
    )
      .prefault({})
      .describe('Settings of a Worker.'),
    defaultUpstream: registry
      .prefault('docker.io')
      .describe('Registry for requests that name none.'),
    upstreams: z
      .record(registry, upstream, {
        error: ({ code }) =>
          code === 'invalid_key' ? expectedRegistry : 'an object such as {"docker.io": {}}',
      })
      .prefault({})
      .describe('Registries to mirror. The default upstream is always one of them.'),
    limits: object(
      {
        maxBlobBytes: size
          .optional()
          .describe(
            'Larger blobs are passed through and not stored. Default: no limit; 20GB in the configuration files for AWS and Cloudflare.',
          ),
        storeBytes: positiveSize
          .optional()
          .describe(
            'Above this size the least recently pulled images are evicted. Default: no limit; 1GB with the store memory; 500GB in the configuration files for AWS and Cloudflare. A disk that is nearly full takes no more blobs.',
          ),
        memoryBytes: size.prefault('32MB').describe('Memory for manifests.'),
      },
      'an object such as {"storeBytes": "100GB"}',
    ).prefault({}),
    shutdownTimeout: wait
      .prefault('30s')
      .describe('How long requests in flight may take when the server stops.'),
    log: object(
      {
        format: word('auto', 'json', 'text')
          .prefault('auto')
          .describe('auto: text on a terminal, JSON otherwise.'),
        level: word('debug', 'info', 'warn', 'error', 'silent')
          .prefault('info')
          .describe('Lowest level that is written.'),
      },
      'an object such as {"format": "json", "level": "info"}',
    ).prefault({}),
  },
  'an object such as {"listen": "127.0.0.1:5000"}',
);

/** What the definition makes of a valid file. */
export type Defined = z.output<typeof definition>;
