import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { binary } from './binary.ts';
import { buildkitPrograms } from './buildkit-programs.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { type Outcome, run } from './run.ts';

/** A buildkitd with folders and a socket of its own. */
export interface Buildkit {
  readonly daemon: Daemon;
  /** Builds a Dockerfile's text to a folder, which is `made` and new each time. */
  build(dockerfile: string): Promise<Outcome>;
  /** The folder of the last build. */
  readonly made: string;
  /** Forgets all layers and results. */
  prune(): Promise<Outcome>;
  /** Keeps a Docker Hub login, as `docker login` does; `buildctl` reads it. */
  login(username: string, password: string): void;
  stop(): Promise<void>;
}

/** Where a buildkitd lives and what it goes by. */
export interface BuildkitOptions {
  readonly folder: string;
  /** The text of its `buildkitd.toml`. */
  readonly config: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts buildkitd over runc, with the machine's network and without its containerd. */
export async function startBuildkit(options: BuildkitOptions): Promise<Buildkit> {
  const { folder } = options;
  const { buildkitd, buildctl } = await buildkitPrograms();
  const socket = join(folder, 'b.sock');
  const config = join(folder, 'buildkitd.toml');
  const login = join(folder, 'login');
  const context = join(folder, 'context');
  const made = join(folder, 'made');
  for (const one of [login, context]) mkdirSync(one);
  writeFileSync(
    config,
    `${options.config}\n[worker.oci]\n  defaultCgroupParent = "/${basename(folder)}"\n`,
  );
  const { daemon } = await startDaemon(
    buildkitd,
    [
      ...['--config', config, '--addr', `unix://${socket}`, '--root', join(folder, 'root')],
      ...['--otel-socket-path', join(folder, 'otel.sock'), '--cdi-disabled'],
      ...['--containerd-worker=false', '--oci-worker-snapshotter=native'],
      ...['--oci-worker-net=host', '--oci-worker-gc=false'],
      ...['--oci-worker-binary', binary('runc')],
    ],
    {
      ready: /running server on .*b\.sock/,
      ...(options.env === undefined ? {} : { env: options.env }),
    },
  );
  const command = (args: readonly string[]): Promise<Outcome> =>
    run(buildctl, ['--addr', `unix://${socket}`, ...args], { env: { DOCKER_CONFIG: login } });
  return {
    daemon,
    made,
    build(dockerfile) {
      rmSync(made, { recursive: true, force: true });
      writeFileSync(join(context, 'Dockerfile'), dockerfile);
      return command([
        ...['build', '--progress', 'plain', '--frontend', 'dockerfile.v0'],
        ...['--local', `context=${context}`, '--local', `dockerfile=${context}`],
        ...['--output', `type=local,dest=${made}`],
      ]);
    },
    prune: () => command(['prune', '--all']),
    login(username, password) {
      const auth = Buffer.from(`${username}:${password}`).toString('base64');
      const auths = { 'https://index.docker.io/v1/': { auth } };
      writeFileSync(join(login, 'config.json'), JSON.stringify({ auths }));
    },
    stop: () => daemon.stop(),
  };
}
