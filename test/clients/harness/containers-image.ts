import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Outcome, run } from './run.ts';

/** podman, buildah and skopeo with storage and registries of their own. */
export interface ContainersImage {
  podman(args: readonly string[]): Promise<Outcome>;
  buildah(args: readonly string[]): Promise<Outcome>;
  skopeo(args: readonly string[]): Promise<Outcome>;
  /** Writes `registries.conf`. */
  registries(text: string): void;
}

/** Prepares the folders of the programs that share the containers/image library. */
export function prepareContainersImage(folder: string): ContainersImage {
  const home = join(folder, 'home');
  const settings = join(home, '.config/containers');
  mkdirSync(settings, { recursive: true });
  // Debian's packages bring the same policy; a file of its own keeps the machine's out of it.
  const policy = { default: [{ type: 'insecureAcceptAnything' }] };
  writeFileSync(join(settings, 'policy.json'), JSON.stringify(policy));
  // Skopeo does not read CONTAINERS_REGISTRIES_CONF; all three read the user's own folder first.
  const engine = join(settings, 'containers.conf');
  writeFileSync(engine, '[engine]\nlock_type = "file"\n'); // Else locks are the machine's.
  const env = { HOME: home, XDG_RUNTIME_DIR: home, TMPDIR: home, CONTAINERS_CONF: engine };
  const storage = [
    ...['--root', join(folder, 'root'), '--runroot', join(folder, 'run')],
    ...['--storage-driver', 'vfs'],
  ];
  const ownPodman = [
    ...['--tmpdir', join(folder, 'tmp'), '--cgroup-manager=cgroupfs', '--events-backend=none'],
  ];
  return {
    podman: (args) => run('podman', [...storage, ...ownPodman, ...args], { env }),
    buildah: (args) => run('buildah', [...storage, ...args], { env }),
    skopeo: (args) => run('skopeo', args, { env }),
    registries: (text) => writeFileSync(join(settings, 'registries.conf'), text),
  };
}
