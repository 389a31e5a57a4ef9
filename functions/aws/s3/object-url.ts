/** Which bucket, and how it is reached. */
export interface BucketAddress {
  readonly bucket: string;
  readonly region: string;
  /** Of a service other than Amazon's; its buckets are in the path. */
  readonly endpoint?: string | undefined;
  /** Names hosts that have IPv6 addresses as well. */
  readonly dualStack?: boolean | undefined;
  /** Names hosts whose cryptography is validated by FIPS 140. */
  readonly fips?: boolean | undefined;
}

/**
 * The domain of each partition but `aws`, by what the names of its regions begin with. Not asked of the
 * SDK, whose rules take a new instance 10 to 25 ms to load; a test compares them for every region.
 */
const domains: readonly (readonly [regions: string, domain: string])[] = [
  ['cn-', 'amazonaws.com.cn'],
  ['eusc-', 'amazonaws.eu'],
  ['us-iso-', 'c2s.ic.gov'],
  ['us-isob-', 'sc2s.sgov.gov'],
  ['us-isof-', 'csp.hci.ic.gov'],
  ['eu-isoe-', 'cloud.adc-e.uk'],
];

/**
 * What the URLs of a bucket's objects begin with, a slash at the end: virtual-host style, as Amazon
 * wants it, or path style at another service.
 */
export function bucketUrl({ bucket, region, endpoint, dualStack, fips }: BucketAddress): string {
  if (endpoint !== undefined) return `${endpoint.replace(/\/+$/, '')}/${bucket}/`;
  const service = `s3${fips === true ? '-fips' : ''}${dualStack === true ? '.dualstack' : ''}`;
  const [, domain] = domains.find(([regions]) => region.startsWith(regions)) ?? [];
  return `https://${bucket}.${service}.${region}.${domain ?? 'amazonaws.com'}/`;
}

/**
 * The address of a bucket with what the SDK's own variables say of it (AWS SDKs, "Service-specific
 * endpoints", "Dual-stack and FIPS endpoints"). The configuration goes first.
 */
export function addressWith(
  { endpoint, dualStack, ...address }: BucketAddress,
  environment: Readonly<Record<string, string | undefined>>,
): BucketAddress {
  const isOn = (name: string) => environment[name]?.toLowerCase() === 'true';
  const configured = environment.AWS_ENDPOINT_URL_S3 || environment.AWS_ENDPOINT_URL;
  const isIgnored = isOn('AWS_IGNORE_CONFIGURED_ENDPOINT_URLS');
  return {
    ...address,
    endpoint: endpoint ?? (isIgnored ? undefined : configured || undefined),
    dualStack: dualStack === true || isOn('AWS_USE_DUALSTACK_ENDPOINT'),
    fips: isOn('AWS_USE_FIPS_ENDPOINT'),
  };
}

/** `manifests/sha256/abcd…`: for manifests that are too large for the index. */
export function manifestKey(digest: string): string {
  return `manifests/${digest.replace(':', '/')}`;
}
