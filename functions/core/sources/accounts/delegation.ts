import type { TokenService, Upstream } from '../../ports/upstream.ts';

/** Chooses the client for a request about the repository `name`, and sends it with that client. */
export type Delegate = <Result extends { readonly kind: string }>(
  name: string,
  send: (client: Upstream) => Promise<Result>,
) => Promise<Result>;

/** An upstream whose requests `request` sends with one client or another. */
export function delegatingUpstream(
  registry: string,
  tokenServiceOf: (name: string) => TokenService | undefined,
  request: Delegate,
): Upstream {
  return {
    registry,
    tokenServiceOf,
    headManifest: (remote, reference) =>
      request(remote.name, (client) => client.headManifest(remote, reference)),
    getManifest: (remote, reference) =>
      request(remote.name, (client) => client.getManifest(remote, reference)),
    headBlob: (remote, digest) => request(remote.name, (client) => client.headBlob(remote, digest)),
    openBlob: (remote, digest, slice) =>
      request(remote.name, (client) => client.openBlob(remote, digest, slice)),
    openLocated: (remote, url, slice) =>
      request(remote.name, (client) => client.openLocated(remote, url, slice)),
    locateBlob: (remote, digest) =>
      request(remote.name, (client) => client.locateBlob(remote, digest)),
    listTags: (remote, start) => request(remote.name, (client) => client.listTags(remote, start)),
    listReferrers: (remote, subject) =>
      request(remote.name, (client) => client.listReferrers(remote, subject)),
  };
}
