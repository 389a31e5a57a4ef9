import * as z from 'zod';
import { aws } from './aws-definition.ts';
import { clients, networks, trustProxy } from './client-definition.ts';
import { dockerHubHosts, registryPattern } from './known-registries.ts';
import { upstream } from './upstream-definition.ts';
import {
  count,
  durationBetween,
  listenAddress,
  object,
  path,
  percent,
  positiveSize,
  size,
  text,
  wait,
  word,
} from './values.ts';

const expectedRegistry = 'a registry in lower case such as "ghcr.io" or "localhost:5001"';

const registry = text(expectedRegistry, registryPattern).refine(
  (name) => !dockerHubHosts.has(name),
  '"docker.io", as in image names',
);

/** The configuration file: its types, its JSON Schema and its reference are derived from here. */
export const definition = object(
  {
    $schema: z.string('the URL of a JSON Schema').optional(),
    listen: listenAddress
      .prefault('127.0.0.1:5000')
      .describe(
        'Address to listen on: HOST:PORT; :PORT for all addresses; a port alone for 127.0.0.1; unix:/PATH for a Unix socket.',
      ),
    tls: object(
      {
        cert: path('the path of a PEM file').describe('Certificate chain. Enables https.'),
        key: path('the path of a PEM file').describe('Private key of the certificate.'),
      },
      'an object such as {"cert": "cert.pem", "key": "key.pem"}',
    )
      .optional()
      .describe('Serves https with this certificate chain and key.'),
    data: path('the path of a folder')
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
        fillConcurrency: count(1, 10)
          .prefault(10)
          .describe('How many fills run at once: `max_concurrency` in wrangler.jsonc.'),
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
    networks,
    trustProxy,
    clients,
    budget: object(
      {
        reserve: percent
          .prefault('20%')
          .describe(
            'Share of a pull limit that is kept for clients: below it nothing is pulled ahead of them.',
          ),
      },
      'an object such as {"reserve": "20%"}',
    ).prefault({}),
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
