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

/** The lines that make each client pull the default upstream through the mirror. */
export function clientLines(
  { scheme, authority, loopback }: ClientAddress,
  { defaultUpstream, upstreams }: Pick<Config, 'defaultUpstream' | 'upstreams'>,
): ClientLines[] {
  const isPlain = scheme === 'http';
  const origin = `${scheme}://${authority}`;
  // dockerd allows plain http on loopback without this.
  const insecure = isPlain && !loopback ? `, "insecure-registries": ["${authority}"]` : '';
  const dockerd = {
    client: 'dockerd',
    file: '/etc/docker/daemon.json',
    lines: [`{"registry-mirrors": ["${origin}"]${insecure}}`],
  };
  const others = [
    {
      client: 'BuildKit',
      file: '/etc/buildkit/buildkitd.toml',
      lines: [
        `[registry."${defaultUpstream}"]`,
        `  mirrors = ["${authority}"]`,
        ...(isPlain ? [`[registry."${authority}"]`, '  http = true'] : []),
      ],
    },
    {
      client: 'containerd',
      file: `/etc/containerd/certs.d/${defaultUpstream}/hosts.toml`,
      lines: [
        '# containerd before 2.2 reads this file only with config_path: infra/clients/containerd.toml',
        `server = "${upstreams.get(defaultUpstream)?.url.origin ?? `https://${defaultUpstream}`}"`,
        `[host."${origin}"]`,
        '  capabilities = ["pull", "resolve"]',
        '  dial_timeout = "1s"',
      ],
    },
    {
      client: 'podman, CRI-O',
      file: '/etc/containers/registries.conf',
      lines: [
        '[[registry]]',
        `location = "${defaultUpstream}"`,
        '[[registry.mirror]]',
        `location = "${authority}"`,
        ...(isPlain ? ['insecure = true'] : []),
      ],
    },
  ];
  // dockerd supports mirrors of Docker Hub only.
  return defaultUpstream === 'docker.io' ? [dockerd, ...others] : others;
}
