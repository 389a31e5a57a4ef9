import * as z from 'zod';
import {
  expectedNetwork,
  expectedNetworkName,
  networkNamePattern,
  networkPattern,
} from './network-list.ts';
import { count, duration, object, positiveSize, setBy, text, word } from './values.ts';

const network = text(expectedNetwork, networkPattern);

const networkName = text(expectedNetworkName, networkNamePattern);

const expectedNetworks =
  'an object such as {"office": ["203.0.113.0/24"]}, or in a variable "office=203.0.113.0/24"';

/** The `networks` section. */
export const networks = setBy(
  { kind: 'networks', expected: expectedNetworks },
  z.record(networkName, z.array(network, `a list; each entry is ${expectedNetwork}`), {
    error: ({ code }) => (code === 'invalid_key' ? expectedNetworkName : expectedNetworks),
  }),
)
  .prefault({})
  .describe(
    'Networks of clients by name, for `readers` and `clients`: lists of CIDRs. The variable has `NAME=CIDR`, several separated by commas or spaces, and replaces these names only.',
  );

const expectedProxies = 'false, "cloudfront", or a list of networks of proxies';

/** Whose word about a client's address counts. */
export const trustProxy = setBy(
  { kind: 'proxies', expected: expectedProxies },
  z.union(
    [
      z.literal(false, expectedProxies),
      z.literal('cloudfront', expectedProxies),
      z.array(network, expectedProxies),
    ],
    expectedProxies,
  ),
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
  .record(text(expectedNetworkName, /^(?!anyone$)[a-z0-9][a-z0-9-]{0,31}$/), limits, {
    error: ({ code }) =>
      code === 'invalid_key'
        ? 'a name in "networks", or "anonymous"'
        : 'an object such as {"anonymous": {"pullsPerMinute": 60}}',
  })
  .prefault({})
  .describe('What clients may consume, by the name of their network; `anonymous`: everyone else.');
