import { basename } from 'node:path';
import type { Client } from './client.ts';
import { prepareContainersImage } from './containers-image.ts';
import { registriesOf } from './containers-image-set-up.ts';
import { expectPulled } from './pulling.ts';
import type { Stage } from './stage.ts';

/** Prepares podman as `infra/clients/registries.conf` sets it up for the stage. */
export async function startPodman(stage: Stage): Promise<Client> {
  const { podman, registries } = prepareContainersImage(stage.folder);
  registries(registriesOf(stage));
  return {
    pull: (reference) => podman(['pull', '--quiet', reference]),
    async remove(reference) {
      expectPulled(await podman(['rmi', '--force', reference]));
    },
    async run(reference, command) {
      const outcome = await podman([
        ...['run', '--rm', '--network', 'none', '--log-driver=none'],
        ...['--cgroup-parent', `/${basename(stage.folder)}`],
        // Its defaults are above what root may set inside some containers and machines.
        ...['--ulimit=nofile=512:512', '--ulimit=nproc=4096:4096'],
        ...[reference, ...command],
      ]);
      expectPulled(outcome);
      return outcome.stdout.trim();
    },
    stop: () => Promise.resolve(),
  };
}
