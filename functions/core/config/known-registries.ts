/** Where the API of a well-known registry is, by the host people write. */
const known: ReadonlyMap<string, string> = new Map([
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

/** The URL of a registry that needs none in the configuration; undefined for every other. */
export function knownRegistryUrl(registry: string): string | undefined {
  return known.get(registry);
}

/** The registries that need no URL, as people write them. */
export const knownRegistries: readonly string[] = [...known.keys()];

/** Docker Hub's other hosts: they are `docker.io`, in requests and in images' names. */
export const dockerHubHosts: ReadonlySet<string> = new Set([
  'registry-1.docker.io',
  'index.docker.io',
]);

const label = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?';

/** A registry as images' names begin: a host in lower case, with a port where it has one. */
export const registryPattern = new RegExp(`^${label}(?:\\.${label})*(?::\\d{1,5})?$`);

/** A host as a list of token services has it: `auth.example.com`, `localhost:5001`. */
export const realmPattern = /^[^\s/?#@]+$/;

/** False for a URL that ends in `/v2`, which is asked for below it. */
export function isRegistryUrl(url: URL): boolean {
  return !/\/v2\/?$/.test(url.pathname);
}
