import * as z from 'zod';
import { count, duration, object, positiveSize, text, word } from './values.ts';

const expectedNetwork = 'a network such as "203.0.113.0/24" or "2001:db8::/32", or an address';

/** Its form; `network-checks.ts` checks the numbers. */
export const networkPattern = /^[\da-fA-F:.]+(?:\/\d{1,3})?$/;

const network = text(expectedNetwork, networkPattern);

const expectedName = 'a name of a-z, 0-9 and "-" other than "anyone" and "anonymous"';

/** Names of networks; two names are reserved for everyone. */
const networkName = text(expectedName, /^(?!(?:anyone|anonymous)$)[a-z0-9][a-z0-9-]{0,31}$/);

/** The `networks` section. */
export const networks = z
  .record(networkName, z.array(network, `a list; each entry is ${expectedNetwork}`), {
    error: ({ code }) =>
      code === 'invalid_key' ? expectedName : 'an object such as {"office": ["203.0.113.0/24"]}',
  })
  .prefault({})
  .describe('Networks of clients by name, for `readers` and `clients`: lists of CIDRs.');

const expectedProxies = 'false, "cloudfront", or a list of networks of proxies';

/** Whose word about a client's address counts. */
export const trustProxy = z
  .union(
    [
      z.literal(false, expectedProxies),
      z.literal('cloudfront', expectedProxies),
      z.array(network, expectedProxies),
    ],
    expectedProxies,
  )
  .prefault(false)
  .describe(
    'Proxies in front of the mirror that may say which address a client has, by `X-Forwarded-For`: their networks, or "cloudfront". Functions and Workers know it without.',
  );

const limits = object(
  {
    pullsPerMinute: count(1, 60)
      .optional()
      .describe('Pulls per minute and address (of IPv6 a /64). Default: no limit.'),
    bytesPerMonth: positiveSize
      .optional()
      .describe('Bytes per calendar month (UTC) and address. Default: no limit.'),
    largestBlob: positiveSize
      .optional()
      .describe('Larger blobs are left to the registry. Default: no limit.'),
    limits: word('soft', 'hard')
      .prefault('soft')
      .describe(
        '`soft`: clients over a limit get a Warning. `hard`: they are sent to the registry.',
      ),
    urlLife: duration
      .optional()
      .describe(
        'Overrides `aws.urlLife` for these clients. Default: 5m for `anonymous` where `clients` has limits.',
      ),
  },
  'an object such as {"pullsPerMinute": 60}',
);

/** The `clients` section. */
export const clients = z
  .record(text(expectedName, /^(?!anyone$)[a-z0-9][a-z0-9-]{0,31}$/), limits, {
    error: ({ code }) =>
      code === 'invalid_key'
        ? 'a name in "networks", or "anonymous"'
        : 'an object such as {"anonymous": {"pullsPerMinute": 60}}',
  })
  .prefault({})
  .describe('What clients may consume, by the name of their network; `anonymous`: everyone else.');
