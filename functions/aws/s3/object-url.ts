import { algorithmOf, type Digest, encodedOf } from '../../core/oci/digest.ts';

/** Which bucket, and how it is reached. */
export interface BucketAddress {
  readonly bucket: string;
  readonly region: string;
  /** Of a service other than Amazon's; its buckets are in the path. */
  readonly endpoint?: string | undefined;
  /** Names hosts that have IPv6 addresses as well. */
  readonly dualStack?: boolean | undefined;
}

/**
 * What the URLs of a bucket's objects begin with, a slash at the end: virtual-host style, as Amazon
 * wants it, or path style at another service.
 */
export function bucketUrl({ bucket, region, endpoint, dualStack }: BucketAddress): string {
  if (endpoint !== undefined) return `${endpoint.replace(/\/+$/, '')}/${bucket}/`;
  const service = dualStack === true ? 's3.dualstack' : 's3';
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return `https://${bucket}.${service}.${region}.${domain}/`;
}

/** `manifests/sha256/abcd…`: for manifests that are too large for the index. */
export function manifestKey(digest: Digest): string {
  return `manifests/${algorithmOf(digest)}/${encodedOf(digest)}`;
}
