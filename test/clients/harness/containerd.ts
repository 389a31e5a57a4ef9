import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { goArchitecture } from './app-image.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { installed } from './launch.ts';
import { type Outcome, run } from './run.ts';

/** A containerd with folders and a socket of its own. */
export interface Containerd {
  readonly daemon: Daemon;
  readonly socket: string;
  /** Runs `ctr` against it. */
  ctr(args: readonly string[]): Promise<Outcome>;
  /** Pulls and unpacks an image by the host folders. */
  pull(reference: string, more?: readonly string[]): Promise<Outcome>;
  /** Writes a `hosts.toml`; `host` is a registry or `_default`. */
  hosts(host: string, text: string): void;
  stop(): Promise<void>;
}

/** Lines of a containerd's configuration, given the folder of its `hosts.toml` files. */
export type ContainerdSetUp = (hosts: string) => string;

/**
 * What a containerd needs that serves ctr only. From 2.0 on ctr pulls by the transfer service, which
 * unpacks to the snapshotters that are named to it; older ones ignore that section.
 */
const withoutCri: ContainerdSetUp = () => `version = 2
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[[plugins."io.containerd.transfer.v1.local".unpack_config]]
  platform = "linux/${goArchitecture}"
  snapshotter = "native"
`;

/** Starts containerd; without CRI, unless its set-up says otherwise. */
export async function startContainerd(
  folder: string,
  setUp: ContainerdSetUp = withoutCri,
  launch = installed,
): Promise<Containerd> {
  const socket = join(folder, 'c.sock');
  const hosts = join(folder, 'certs.d');
  const config = join(folder, 'containerd.toml');
  mkdirSync(hosts);
  writeFileSync(
    config,
    [
      `root = "${join(folder, 'root')}"`,
      `state = "${join(folder, 'state')}"`,
      setUp(hosts),
      `[grpc]\naddress = "${socket}"`,
      '',
    ].join('\n'),
  );
  const { daemon } = await startDaemon('containerd', ['--config', config], {
    launch,
    ready: /containerd successfully booted/,
  });
  const ctr = (args: readonly string[]): Promise<Outcome> =>
    run('ctr', ['--address', socket, '--namespace', basename(folder), ...args], { launch });
  return {
    daemon,
    socket,
    ctr,
    pull: (reference, more = []) =>
      ctr([
        ...['images', 'pull', '--hosts-dir', hosts, '--snapshotter', 'native', ...more],
        reference,
      ]),
    hosts(host, text) {
      const file = join(hosts, host, 'hosts.toml');
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    },
    stop: () => daemon.stop(),
  };
}
