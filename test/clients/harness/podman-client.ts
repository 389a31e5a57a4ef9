import { basename } from 'node:path';
import type { Client } from './client.ts';
import {
  type ContainersImage,
  prepareContainersImage,
  type StorageDriver,
} from './containers-image.ts';
import { registriesOf } from './containers-image-set-up.ts';
import { installed } from './launch.ts';
import { expectPulled } from './pulling.ts';
import type { Stage } from './stage.ts';

/** podman with the other programs of its library. */
export interface PodmanClient extends Client {
  readonly tools: ContainersImage;
}

/** Prepares podman as `infra/clients/registries.conf` sets it up for the stage. */
export async function startPodman(
  stage: Stage,
  launch = installed,
  driver: StorageDriver = 'vfs',
): Promise<PodmanClient> {
  const tools = prepareContainersImage(stage.folder, launch, driver);
  tools.registries(registriesOf(stage));
  const { podman } = tools;
  return {
    tools,
    pull: (reference) => podman(['pull', '--quiet', reference]),
    async remove(reference) {
      expectPulled(await podman(['rmi', '--force', reference]));
    },
    async run(reference, command) {
      const run = () =>
        podman([
          ...['run', '--rm', '--network', 'none', '--log-driver=none'],
          ...['--cgroup-parent', `/${basename(stage.folder)}`],
          // Its defaults are above what root may set inside some containers and machines.
          ...['--ulimit=nofile=512:512', '--ulimit=nproc=4096:4096'],
          ...[reference, ...command],
        ]);
      // On a busy machine podman attaches to a container that has ended, and loses what it said.
      for (let tries = 1; ; tries++) {
        const outcome = await run();
        expectPulled(outcome);
        const said = outcome.stdout.trim();
        if (said !== '' || tries === 3) return said;
      }
    },
    async digest(reference) {
      const outcome = await podman(['image', 'inspect', '--format', '{{.Digest}}', reference]);
      expectPulled(outcome);
      return outcome.stdout.trim();
    },
    stop: () => Promise.resolve(),
  };
}
