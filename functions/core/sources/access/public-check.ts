import type { Digest } from '../../oci/digest.ts';
import { type Reference, referenceText } from '../../oci/reference.ts';
import type { RemoteRepository, Upstream } from '../../ports/upstream.ts';

/** What a client asks for. */
export type Asked =
  | { readonly kind: 'manifest'; readonly reference: Reference }
  | { readonly kind: 'blob'; readonly digest: Digest }
  | { readonly kind: 'referrers'; readonly subject: Digest }
  | { readonly kind: 'tags' };

/**
 * What a registry's answer to an anonymous client proves:
 * - `public`: it serves the repository;
 * - `open`: it serves what was asked for, which says nothing of the rest;
 * - `absent`: it does not have what was asked for, or hides the repository;
 * - `denied`: it does not serve the repository.
 */
export type PublicVerdict = 'public' | 'open' | 'absent' | 'denied';

/** What was asked for, as a key within its repository. */
export function askedKey(asked: Asked): string {
  switch (asked.kind) {
    case 'manifest':
      return referenceText(asked.reference);
    case 'referrers':
      return asked.subject;
    case 'blob':
      return `blob ${asked.digest}`;
    case 'tags':
      return '/tags';
  }
}

/**
 * Asks the registry, without an account, for what a client asks for: by HEAD, which registries do not
 * count as a pull. Rejects with an UpstreamError if the answer proves nothing.
 *
 * A registry that is a cache itself may answer 404 to HEAD until a GET imports the manifest. If `mayImport`,
 * that GET is sent: it counts at most at the cache's own upstream. What the token says is no proof after a
 * 404: some registries hide a private repository that way.
 */
export async function checkPublic(
  anonymous: Upstream,
  remote: RemoteRepository,
  asked: Asked,
  mayImport: () => boolean = () => false,
): Promise<PublicVerdict> {
  switch (asked.kind) {
    case 'manifest':
      return checkManifest(anonymous, remote, asked.reference, mayImport);
    case 'referrers':
      return checkManifest(anonymous, remote, { kind: 'digest', digest: asked.subject }, mayImport);
    case 'blob': {
      // Some registries have one store of blobs for all repositories.
      const { kind } = await anonymous.headBlob(remote, asked.digest);
      return kind === 'found' ? 'open' : kind;
    }
    case 'tags':
      return checkTags(anonymous, remote);
  }
}

/** Whether an anonymous client may list the tags. A registry may list none of what it hides. */
export async function checkTags(
  anonymous: Upstream,
  remote: RemoteRepository,
): Promise<PublicVerdict> {
  const page = await anonymous.listTags(remote, {});
  if (page.kind !== 'found') return page.kind;
  return page.tags.length > 0 ? 'open' : 'absent';
}

async function checkManifest(
  anonymous: Upstream,
  remote: RemoteRepository,
  reference: Reference,
  mayImport: () => boolean,
): Promise<PublicVerdict> {
  const head = await anonymous.headManifest(remote, reference);
  // ECR Public refuses HEAD.
  if (head.kind === 'unsupported' || (head.kind === 'absent' && mayImport())) {
    const { kind } = await anonymous.getManifest(remote, reference);
    return kind === 'found' ? 'public' : kind;
  }
  return head.kind === 'found' ? 'public' : head.kind;
}
