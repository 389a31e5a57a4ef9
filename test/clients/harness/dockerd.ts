import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { findBinary } from './binary.ts';
import { startContainerd } from './containerd.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { installed, type Launch } from './launch.ts';
import { type Outcome, type RunOptions, run, runWell } from './run.ts';

/** A dockerd with folders, socket and containerd of its own. */
export interface Dockerd {
  readonly daemon: Daemon;
  /** Runs `docker` against it. */
  docker(args: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** Keeps a Docker Hub login, as `docker login` does. */
  login(username: string, password: string): void;
  stop(): Promise<void>;
}

/** Where a dockerd lives and what it goes by. */
export interface DockerdOptions {
  readonly folder: string;
  /** The text of its `daemon.json`. */
  readonly config: string;
  /** Further arguments. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Default: as installed on this machine. */
  readonly launch?: Launch;
  /** Keeps images in containerd, as Docker 29 does unless told otherwise. */
  readonly containerdStore?: boolean;
}

/** Starts dockerd without network set-up, so that nothing of the machine is changed. */
export async function startDockerd(options: DockerdOptions): Promise<Dockerd> {
  const { folder, launch = installed, containerdStore = false } = options;
  const major = majorOf(await runWell('dockerd', ['--version'], { launch }));
  // Left to itself it would use the machine's containerd, where there is one.
  const inner = join(folder, 'ctrd');
  mkdirSync(inner);
  const containerd = await startContainerd(inner, undefined, launch);
  const socket = `unix://${join(folder, 'd.sock')}`;
  const config = join(folder, 'daemon.json');
  const login = join(folder, 'login');
  mkdirSync(login);
  const own = {
    // Before 23 dockerd keeps a key of its own in /etc/docker unless told.
    ...(major >= 23 ? {} : { 'deprecated-key-path': join(folder, 'key.json') }),
    ...(containerdStore ? { features: { 'containerd-snapshotter': true } } : {}),
  };
  writeFileSync(config, JSON.stringify({ ...JSON.parse(options.config), ...own }));
  const { daemon } = await startDaemon(
    'dockerd',
    [
      ...['--config-file', config, '--host', socket, '--pidfile', join(folder, 'd.pid')],
      ...['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')],
      ...['--containerd', containerd.socket],
      ...(containerdStore ? [] : ['--storage-driver', 'vfs']),
      ...['--cgroup-parent', `/${basename(folder)}`],
      ...['--bridge=none', '--iptables=false', '--ip6tables=false'],
      ...['--ip-forward=false', '--ip-masq=false'],
      ...(options.args ?? []),
    ],
    {
      ready: /API listen on .*d\.sock/,
      launch,
      ...(options.env === undefined ? {} : { env: options.env }),
    },
  );
  const docker = (args: readonly string[], more: RunOptions = {}): Promise<Outcome> =>
    run('docker', ['--config', login, '--host', socket, ...args], { launch, ...more });
  return {
    daemon,
    docker,
    login(username, password) {
      const auth = Buffer.from(`${username}:${password}`).toString('base64');
      const auths = { 'https://index.docker.io/v1/': { auth } };
      writeFileSync(join(login, 'config.json'), JSON.stringify({ auths }));
    },
    async stop() {
      await daemon.stop();
      await containerd.stop();
    },
  };
}

/** The major version of the installed dockerd; 0 when there is none. */
export function dockerdMajor(): number {
  const path = findBinary('dockerd');
  if (path === undefined) return 0;
  return majorOf(spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout);
}

function majorOf(said: string): number {
  return Number(/version (\d+)/.exec(said)?.[1] ?? 0);
}
