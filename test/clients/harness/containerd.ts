import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Daemon, startDaemon } from './daemon.ts';
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

/** Starts containerd without its CRI plugin, which would want a container network. */
export async function startContainerd(folder: string): Promise<Containerd> {
  const socket = join(folder, 'c.sock');
  const hosts = join(folder, 'certs.d');
  const config = join(folder, 'containerd.toml');
  mkdirSync(hosts);
  writeFileSync(
    config,
    [
      'version = 2',
      `root = "${join(folder, 'root')}"`,
      `state = "${join(folder, 'state')}"`,
      'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
      `[grpc]\naddress = "${socket}"`,
      '',
    ].join('\n'),
  );
  const { daemon } = await startDaemon('containerd', ['--config', config], {
    ready: /containerd successfully booted/,
  });
  const ctr = (args: readonly string[]): Promise<Outcome> =>
    run('ctr', ['--address', socket, '--namespace', basename(folder), ...args]);
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
