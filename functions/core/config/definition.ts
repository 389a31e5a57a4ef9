import * as z from 'zod/mini';
import { repositoryPattern } from '../oci/repository.ts';
import { aws } from './aws-definition.ts';
import { dockerHubHosts, realmPattern, registryPattern } from './known-registries.ts';
import {
  described,
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

/**
 * Cloudflare ends an invocation of a queue's consumer after 15 minutes, and a pause takes a moment.
 * A shorter one than a second may not bring a part of a blob, which leaves nothing to resume.
 */
const fillTime = durationBetween(1000, 14 * 60_000, 'a duration from 1s to 14m: "10m"');

/** What concerns only a Worker. */
const cloudflare = object(
  {
    fillTime: described(
      z.prefault(fillTime, '10m'),
      'How long one message of the queue fills a blob before the next one goes on with it; 14m at most.',
    ),
  },
  'cloudflare: {"fillTime": "10m"}',
);

function patterns<Output>(
  expected: string,
  compile: (pattern: string) => Output,
  description: string,
) {
  const pattern = text(expected).check(z.refine((one) => compiles(compile, one), expected));
  const list = z.array(z.pipe(pattern, z.transform(compile)), `a list: each ${expected}`);
  return described(z.prefault(list, []), description);
}

function compiles(compile: (pattern: string) => unknown, pattern: string): boolean {
  try {
    compile(pattern);
    return true;
  } catch {
    return false;
  }
}

const expectedPassword =
  'where the password is: {"env": "NAME"}, {"file": "PATH"} or, on AWS, {"secret": "NAME"}';

const password = z.union(
  [
    object(
      {
        env: described(
          text('the name of an environment variable'),
          'The variable that holds the password or token.',
        ),
      },
      expectedPassword,
    ),
    object(
      { file: described(text('the path of a file'), 'The file that holds it.') },
      expectedPassword,
    ),
    object(
      {
        secret: described(
          text('the name or ARN of a secret of Secrets Manager'),
          'On AWS: the secret that holds it, by name or ARN.',
        ),
      },
      expectedPassword,
    ),
  ],
  expectedPassword,
);

const expectedGlob = 'a pattern of repository names, with * and **: "library/**"';
const expectedTagPattern = 'a regular expression of tags: "^v?\\d+\\.\\d+\\.\\d+$"';

const upstream = object(
  {
    url: z.optional(
      described(
        registryUrl,
        'Where its /v2/ is. http:// is used only if written here. Not needed for docker.io, ghcr.io, quay.io, public.ecr.aws, registry.k8s.io, gcr.io, mirror.gcr.io, mcr.microsoft.com and registry.gitlab.com.',
      ),
    ),
    credentials: z.optional(
      object(
        { username: described(text('a user name'), 'The user name of its account.'), password },
        'credentials: {"username": …, "password": {"env": …}}',
      ),
    ),
    realms: described(
      z.prefault(
        z.array(
          text('a host, without https:// and path: "auth.example.com"', realmPattern),
          'a list of hosts',
        ),
        [],
      ),
      'Further hosts that its token service may have.',
    ),
    tagTtl: duration('5m', 'For how long a tag is served without asking the upstream.'),
    maxStale: duration(
      '30d',
      'For how long after its last confirmation a tag may be served while the upstream fails.',
    ),
    immutableTags: patterns(
      expectedTagPattern,
      (pattern) => new RegExp(pattern),
      'Regular expressions of tags that never move once seen.',
    ),
    allow: patterns(
      expectedGlob,
      repositoryPattern,
      'Repositories that may be pulled; all when empty. * is one path component, ** any number.',
    ),
    deny: patterns(
      expectedGlob,
      repositoryPattern,
      'Repositories that may not be pulled, whatever allow says.',
    ),
    delivery: described(
      z.optional(word(['stream', 'redirect'], '"stream" or "redirect"')),
      "How a blob that is not stored yet reaches a client: through here, or by the upstream's redirect. When absent: stream on one machine, redirect elsewhere.",
    ),
    headersTimeout: wait('10s', "How long the headers of the upstream's answer may take."),
    stallTimeout: wait('30s', "How long the upstream's answer may pause."),
  },
  'an upstream: {} or {"tagTtl": "5m", …}',
);

const expectedRegistry =
  'a registry as images are named, in lower case: "ghcr.io", "localhost:5001"';

const registry = text(expectedRegistry, registryPattern).check(
  z.refine((name) => !dockerHubHosts.has(name), '"docker.io", as images are named'),
);

/** The configuration file. What it takes in is the published JSON Schema. */
export const definition = object(
  {
    $schema: z.optional(z.string('the URL of a JSON Schema')),
    listen: described(z.prefault(listenAddress, '127.0.0.1:5000'), 'The address to listen on.'),
    tls: z.optional(
      described(
        object(
          {
            cert: described(
              text('the path of a PEM file'),
              'The certificate chain; then https is served.',
            ),
            key: described(text('the path of a PEM file'), 'Its key.'),
          },
          'TLS files: {"cert": "cert.pem", "key": "key.pem"}',
        ),
        'Serves https with this certificate chain and key.',
      ),
    ),
    data: described(
      z.prefault(text('the path of a folder'), './pullfront-data'),
      'The folder where everything is kept; one server a folder.',
    ),
    store: described(
      z.prefault(
        word(['embedded', 'aws', 'cloudflare'], '"embedded", "aws" or "cloudflare"'),
        'embedded',
      ),
      'Where everything is kept: in the folder of one machine, in DynamoDB and S3, or, in a Worker, in D1 and R2.',
    ),
    aws: z.optional(described(aws, 'What the store on AWS is made of.')),
    cloudflare: z.prefault(described(cloudflare, 'What concerns only a Worker.'), {}),
    defaultUpstream: described(
      z.prefault(registry, 'docker.io'),
      'The registry of requests that name none.',
    ),
    upstreams: described(
      z.prefault(
        z.record(registry, upstream, {
          error: (issue) =>
            issue.code === 'invalid_key' ? expectedRegistry : 'upstreams: {"docker.io": {…}}',
        }),
        {},
      ),
      'The mirrored registries. The default upstream is always among them.',
    ),
    limits: z.prefault(
      object(
        {
          maxBlobBytes: z.optional(
            described(
              size,
              'A larger blob is passed on and not stored. No limit when absent; 20GB in the files that deploy to AWS and Cloudflare.',
            ),
          ),
          storeBytes: z.optional(
            described(
              positiveSize,
              'Above this the images pulled longest ago are evicted. No limit when absent; 500GB in the same files. On a disk that is nearly full nothing more is stored.',
            ),
          ),
          memoryBytes: described(z.prefault(size, '32MB'), 'Manifests kept in memory.'),
        },
        'limits: {"storeBytes": "100GB"}',
      ),
      {},
    ),
    shutdownTimeout: wait('30s', 'How long requests in flight may take when the server stops.'),
    log: z.prefault(
      object(
        {
          format: described(
            z.prefault(word(['auto', 'json', 'text'], '"auto", "json" or "text"'), 'auto'),
            'auto: text on a terminal, JSON elsewhere.',
          ),
          level: described(
            z.prefault(
              word(
                ['debug', 'info', 'warn', 'error', 'silent'],
                '"debug", "info", "warn", "error" or "silent"',
              ),
              'info',
            ),
            'The least important lines that are written.',
          ),
        },
        'log: {"format": "json", "level": "info"}',
      ),
      {},
    ),
  },
  'an object: {"listen": "127.0.0.1:5000", …}',
);

/** What the definition makes of a file without mistakes. */
export type Defined = z.output<typeof definition>;
