/** Programs by how their User-Agent begins, in lower case. */
const programs: Readonly<Record<string, string>> = {
  docker: 'docker',
  containerd: 'containerd',
  buildkit: 'buildkit',
  // podman, and others that do not say more, name the library they are made with.
  containers: 'podman',
  podman: 'podman',
  libpod: 'podman',
  skopeo: 'skopeo',
  buildah: 'buildah',
  'cri-o': 'cri-o',
  crane: 'crane',
  'go-containerregistry': 'crane',
  kaniko: 'kaniko',
  oras: 'oras',
  cosign: 'cosign',
  helm: 'helm',
  regclient: 'regclient',
  nerdctl: 'nerdctl',
  curl: 'curl',
};

const product = /^([A-Za-z][A-Za-z-]{0,30})(?:\/v?([\w.+-]{1,24}))?/;

const seen = new Map<string, string>();
const seenAtMost = 1000;

/** The short name of a client, `docker/20.10.24+dfsg1`, from its User-Agent; `other` if unknown. */
export function clientName(userAgent: string | undefined): string {
  if (userAgent === undefined || userAgent === '') return 'none';
  const known = seen.get(userAgent);
  if (known !== undefined) return known;
  const [, program = '', version] = product.exec(userAgent) ?? [];
  const lower = program.toLowerCase();
  const short = Object.hasOwn(programs, lower) ? (programs[lower] ?? 'other') : 'other';
  const name = short === 'other' || version === undefined ? short : `${short}/${version}`;
  if (seen.size >= seenAtMost) seen.clear();
  seen.set(userAgent, name);
  return name;
}
