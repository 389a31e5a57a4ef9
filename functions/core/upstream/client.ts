import type { Upstream } from '../ports/upstream.ts';
import { connectionOf, type UpstreamOptions, type UpstreamRuntime } from './connection.ts';
import { headBlob, locateBlob, openBlob, openLocated } from './remote-blobs.ts';
import { getManifest, headManifest } from './remote-manifests.ts';
import { listReferrers } from './remote-referrers.ts';
import { listTags } from './remote-tags.ts';
import { openSession } from './session.ts';

/** Creates the client of one upstream registry. Sends nothing yet. */
export function createUpstream(options: UpstreamOptions, runtime: UpstreamRuntime): Upstream {
  const session = openSession(connectionOf(options, runtime));
  return {
    registry: options.registry,
    tokenServiceOf: (name) => session.tokenServiceOf(name),
    grantsPull: (name) => session.grantsPull(name),
    headManifest: (remote, reference) => headManifest(session, remote, reference),
    getManifest: (remote, reference) => getManifest(session, remote, reference),
    headBlob: (remote, digest) => headBlob(session, remote, digest),
    openBlob: (remote, digest, slice) => openBlob(session, remote, digest, slice),
    openLocated: (remote, url, slice) => openLocated(session, remote, url, slice),
    locateBlob: (remote, digest) => locateBlob(session, remote, digest),
    listTags: (remote, start) => listTags(session, remote, start),
    listReferrers: (remote, subject) => listReferrers(session, remote, subject),
  };
}
