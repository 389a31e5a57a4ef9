import type { Config } from '../core/config/resolve.ts';

/** Where clients reach the server. */
export interface ClientAddress {
  readonly scheme: 'http' | 'https';
  /** `127.0.0.1:5000` */
  readonly authority: string;
  readonly loopback: boolean;
}

/** The lines of one client's configuration. */
export interface ClientLines {
  readonly client: string;
  readonly file: string;
  readonly lines: readonly string[];
}

/** What to write into the clients' files so that they pull the default upstream from here. */
export function clientLines(
  address: ClientAddress,
  config: Pick<Config, 'defaultUpstream' | 'upstreams'>,
): ClientLines[] {
  const registry = config.defaultUpstream;
  const texts = [
    buildkit(address, registry),
    containerd(address, config),
    podman(address, registry),
  ];
  // dockerd has mirrors for Docker Hub alone.
  return registry === 'docker.io' ? [docker(address), ...texts] : texts;
}

function docker({ scheme, authority, loopback }: ClientAddress): ClientLines {
  const settings = {
    'registry-mirrors': [`${scheme}://${authority}`],
    // dockerd takes loopback for insecure by itself.
    ...(scheme === 'http' && !loopback && { 'insecure-registries': [authority] }),
  };
  return {
    client: 'dockerd',
    file: '/etc/docker/daemon.json',
    lines: [
      JSON.stringify(settings)
        .replace(/([:,])"/g, '$1 "')
        .replace(/:\[/g, ': ['),
    ],
  };
}

function buildkit({ scheme, authority }: ClientAddress, registry: string): ClientLines {
  const plain = scheme === 'http' ? [`[registry."${authority}"]`, '  http = true'] : [];
  const mirror = [`[registry."${registry}"]`, `  mirrors = ["${authority}"]`];
  return { client: 'BuildKit', file: '/etc/buildkit/buildkitd.toml', lines: [...mirror, ...plain] };
}

function containerd(
  { scheme, authority }: ClientAddress,
  { defaultUpstream, upstreams }: Pick<Config, 'defaultUpstream' | 'upstreams'>,
): ClientLines {
  const server = upstreams.get(defaultUpstream)?.url.origin ?? `https://${defaultUpstream}`;
  return {
    client: 'containerd',
    file: `/etc/containerd/certs.d/${defaultUpstream}/hosts.toml`,
    lines: [
      '# containerd before 2.2 reads this file only with config_path: infra/clients/containerd.toml',
      `server = "${server}"`,
      `[host."${scheme}://${authority}"]`,
      '  capabilities = ["pull", "resolve"]',
      '  dial_timeout = "1s"',
    ],
  };
}

function podman({ scheme, authority }: ClientAddress, registry: string): ClientLines {
  return {
    client: 'podman, CRI-O',
    file: '/etc/containers/registries.conf',
    lines: [
      '[[registry]]',
      `location = "${registry}"`,
      '[[registry.mirror]]',
      `location = "${authority}"`,
      ...(scheme === 'http' ? ['insecure = true'] : []),
    ],
  };
}
