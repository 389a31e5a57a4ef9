/** The URLs of the registries that need none in the configuration, by the host in image names. */
export const wellKnownRegistries: ReadonlyMap<string, string> = new Map([
  ['docker.io', 'https://registry-1.docker.io'],
  ['ghcr.io', 'https://ghcr.io'],
  ['quay.io', 'https://quay.io'],
  ['public.ecr.aws', 'https://public.ecr.aws'],
  ['registry.k8s.io', 'https://registry.k8s.io'],
  ['gcr.io', 'https://gcr.io'],
  ['mirror.gcr.io', 'https://mirror.gcr.io'],
  ['mcr.microsoft.com', 'https://mcr.microsoft.com'],
  ['registry.gitlab.com', 'https://registry.gitlab.com'],
]);

/** True for a registry that is known to answer HEAD truthfully; ECR Public refuses it by 401. */
export function answersHead(registry: string): boolean {
  return wellKnownRegistries.has(registry) && registry !== 'public.ecr.aws';
}

/** Docker Hub's other hosts: `docker.io` is meant. */
export const dockerHubHosts: ReadonlySet<string> = new Set([
  'registry-1.docker.io',
  'index.docker.io',
]);

const label = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?';

/** A registry in image names: a host in lower case, optionally with a port. */
export const registryPattern = new RegExp(`^${label}(?:\\.${label})*(?::\\d{1,5})?$`);

/** A host in `realms`: `auth.example.com`, `localhost:5001`. */
export const realmPattern = /^[^\s/?#@]+$/;

/** An entry of `alternates`: a registry, and what its repositories' names begin with. */
export const alternatePattern = new RegExp(
  `^${label}(?:\\.${label})*(?::\\d{1,5})?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*$`,
);

/** Hosts of Amazon ECR's private registries. */
export const privateEcrPattern =
  /^(?<account>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?<region>[a-z0-9-]+)\.[a-z0-9.-]+$/;

/** True for Amazon ECR, private or public. */
export function isEcr(host: string): boolean {
  return host === 'public.ecr.aws' || privateEcrPattern.test(host);
}

/** Registries that mirror Docker Hub's public images, for `"alternates": "hub"`. */
export const hubAlternates = ['mirror.gcr.io', 'public.ecr.aws/docker'];

/** An entry of `privateHosts`: a host, `minio:9000`, `10.0.0.0/8`, `fd00::/8`. */
export const privateHostPattern =
  /^(?:[^\s/?#@]+|(?:\d{1,3}\.){3}\d{1,3}\/(?:[12]?\d|3[0-2])|[\da-f:.]*:[\da-f:.]*\/(?:\d{1,2}|1[01]\d|12[0-8]))$/i;

/**
 * False for a URL that ends in `/v2`, which requests append. What follows `/v2/` must be the beginning
 * of repository names.
 */
export function isRegistryUrl({ pathname }: URL): boolean {
  const path = pathname.replace(/\/+$/, '');
  if (path.endsWith('/v2')) return false;
  const at = path.indexOf('/v2/');
  return at < 0 || /^[\w.-]+(?:\/[\w.-]+)*$/.test(path.slice(at + '/v2/'.length));
}

/** What is wrong with the key `hubApi` of another registry. */
export const hubApiElsewhere = 'belongs to docker.io';

/** True for the key `hubApi` of a registry that is not Docker Hub. */
export function isHubApiElsewhere([section, registry, key]: readonly (string | number)[]): boolean {
  return section === 'upstreams' && key === 'hubApi' && registry !== 'docker.io';
}
