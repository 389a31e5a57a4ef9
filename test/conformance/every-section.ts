import { catalog } from './catalog.ts';
import { conditional } from './conditional.ts';
import { errors } from './errors.ts';
import { describeSection, type Open } from './exchange.ts';
import { listingReferrers, referrersWhileDown } from './listing-referrers.ts';
import { listingTags } from './listing-tags.ts';
import { ping, pingWhileDown } from './ping.ts';
import { proxying } from './proxying.ts';
import { pullingBlobs, redirectedBlobs } from './pulling-blobs.ts';
import { pullingManifests } from './pulling-manifests.ts';
import { ranges, severalRanges, severalRangesRefused } from './ranges.ts';
import { routeForms } from './route-forms.ts';
import { down, limited, stale } from './status-policy.ts';
import { writes } from './writes.ts';

/** Every section, in the order of the specification. */
export const everySection = [
  ping,
  pingWhileDown,
  pullingManifests,
  pullingBlobs,
  redirectedBlobs,
  ranges,
  conditional,
  listingTags,
  listingReferrers,
  referrersWhileDown,
  catalog,
  writes,
  errors,
  proxying,
  routeForms,
  limited,
  down,
  stale,
] as const;

/** Where stored blobs come from: the mirror's own process, or a bucket by a redirect. */
type Delivery = 'stream' | 'redirect';

/** Runs every section against what `open` opens: the core, a server, a bundle. */
export function describeRegistry(name: string, open: Open, delivery: Delivery = 'stream'): void {
  const several = delivery === 'stream' ? severalRanges : severalRangesRefused;
  for (const section of [...everySection, several]) describeSection(name, section, open);
}
