import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installed } from './launch.ts';
import { type Outcome, run } from './run.ts';

/** podman, buildah and skopeo with storage and registries of their own. */
export interface ContainersImage {
  podman(args: readonly string[]): Promise<Outcome>;
  buildah(args: readonly string[]): Promise<Outcome>;
  skopeo(args: readonly string[]): Promise<Outcome>;
  /** Writes `registries.conf`. */
  registries(text: string): void;
}

/** How layers are kept. */
export type StorageDriver = 'vfs' | 'overlay';

/**
 * Prepares the folders of the programs that share the containers/image library. The vfs driver
 * works everywhere, and overlay is the one that pulls parts of layers.
 */
export function prepareContainersImage(
  folder: string,
  launch = installed,
  driver: StorageDriver = 'vfs',
): ContainersImage {
  const home = join(folder, 'home');
  const settings = join(home, '.config/containers');
  mkdirSync(settings, { recursive: true });
  // Debian's packages bring the same policy; a file of its own keeps the machine's out of it.
  const policy = { default: [{ type: 'insecureAcceptAnything' }] };
  writeFileSync(join(settings, 'policy.json'), JSON.stringify(policy));
  // Skopeo does not read CONTAINERS_REGISTRIES_CONF; all three read the user's own folder first.
  const engine = join(settings, 'containers.conf');
  writeFileSync(engine, '[engine]\nlock_type = "file"\n'); // Else locks are the machine's.
  const store = join(settings, 'storage.conf');
  const [root, runRoot] = [join(folder, 'root'), join(folder, 'run')];
  writeFileSync(
    store,
    [
      '[storage]',
      `driver = "${driver}"`,
      `graphroot = "${root}"`,
      `runroot = "${runRoot}"`,
      '[storage.options]',
      'pull_options = {enable_partial_images = "true"}',
      '',
    ].join('\n'),
  );
  const env = {
    HOME: home,
    XDG_RUNTIME_DIR: home,
    TMPDIR: home,
    CONTAINERS_CONF: engine,
    CONTAINERS_STORAGE_CONF: store,
  };
  const storage = [...['--root', root, '--runroot', runRoot], ...['--storage-driver', driver]];
  const ownPodman = [
    ...['--tmpdir', join(folder, 'tmp'), '--cgroup-manager=cgroupfs', '--events-backend=none'],
  ];
  return {
    podman: (args) => run('podman', [...storage, ...ownPodman, ...args], { env, launch }),
    buildah: (args) => run('buildah', [...storage, ...args], { env, launch }),
    skopeo: (args) => run('skopeo', args, { env, launch }),
    registries: (text) => writeFileSync(join(settings, 'registries.conf'), text),
  };
}
