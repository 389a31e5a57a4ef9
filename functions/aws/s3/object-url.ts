/** A bucket, and how to reach it. */
export interface BucketAddress {
  readonly bucket: string;
  readonly region: string;
  /** Of a service other than Amazon's, which gets path-style URLs. */
  readonly endpoint?: string | undefined;
  /** Use hosts that have IPv6 addresses as well. */
  readonly dualStack?: boolean | undefined;
  /** Use hosts with cryptography validated by FIPS 140. */
  readonly fips?: boolean | undefined;
}

/**
 * The domain of each partition but `aws`, by the prefix of its regions. Loading the SDK's own
 * rules would cost a cold start 10 to 25 ms. A test checks that both agree for every region.
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
 * The base URL of a bucket's objects, with a slash at the end: virtual-hosted style at Amazon, path style
 * at another service.
 */
export function bucketUrl({ bucket, region, endpoint, dualStack, fips }: BucketAddress): string {
  if (endpoint !== undefined) return `${endpoint.replace(/\/+$/, '')}/${bucket}/`;
  const service = `s3${fips === true ? '-fips' : ''}${dualStack === true ? '.dualstack' : ''}`;
  const [, domain] = domains.find(([regions]) => region.startsWith(regions)) ?? [];
  return `https://${bucket}.${service}.${region}.${domain ?? 'amazonaws.com'}/`;
}

/**
 * The address of a bucket with the defaults of the SDK's own variables (AWS SDKs, "Service-specific
 * endpoints", "Dual-stack and FIPS endpoints"). The configuration takes precedence.
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

/** The key of a manifest that is too large for the index: `manifests/sha256/abcd…`. */
export function manifestKey(digest: string): string {
  return `manifests/${digest.replace(':', '/')}`;
}
