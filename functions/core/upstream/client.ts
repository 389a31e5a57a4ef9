import type { Upstream } from '../ports/upstream.ts';
import { connectionOf, type UpstreamOptions, type UpstreamRuntime } from './connection.ts';
import { headBlob, locateBlob, openBlob, openLocated } from './remote-blobs.ts';
import { getManifest, headManifest } from './remote-manifests.ts';
import { listReferrers } from './remote-referrers.ts';
import { listTags } from './remote-tags.ts';
import { openSession } from './session.ts';

/** Makes the client of one upstream registry. It sends nothing until it is asked for something. */
export function createUpstream(options: UpstreamOptions, runtime: UpstreamRuntime): Upstream {
  const session = openSession(connectionOf(options, runtime));
  return {
    registry: options.registry,
    tokenServiceOf: (name) => session.tokenServiceOf(name),
    headManifest: (name, reference, calls) => headManifest(session, name, reference, calls),
    getManifest: (name, reference, calls) => getManifest(session, name, reference, calls),
    headBlob: (name, digest, calls) => headBlob(session, name, digest, calls),
    openBlob: (name, digest, slice, calls) => openBlob(session, name, digest, slice, calls),
    openLocated: (name, url, slice, calls) => openLocated(session, name, url, slice, calls),
    locateBlob: (name, digest, calls) => locateBlob(session, name, digest, calls),
    listTags: (name, calls) => listTags(session, name, calls),
    listReferrers: (name, subject, calls) => listReferrers(session, name, subject, calls),
  };
}
