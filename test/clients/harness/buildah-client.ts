import type { Client } from './client.ts';
import { type ContainersImage, prepareContainersImage } from './containers-image.ts';
import { registriesOf } from './containers-image-set-up.ts';
import { installed } from './launch.ts';
import { expectPulled } from './pulling.ts';
import type { Stage } from './stage.ts';

/** Buildah with the other programs of its library. */
export interface BuildahClient extends Client {
  readonly tools: ContainersImage;
}

/** Prepares Buildah as `infra/clients/registries.conf` sets it up for the stage. */
export async function startBuildah(stage: Stage, launch = installed): Promise<BuildahClient> {
  const tools = prepareContainersImage(stage.folder, launch);
  tools.registries(registriesOf(stage));
  const { buildah } = tools;
  return {
    tools,
    pull: (reference) => buildah(['pull', '--quiet', reference]),
    async remove(reference) {
      expectPulled(await buildah(['rmi', '--force', reference]));
    },
    async run(reference, command) {
      const from = await buildah([
        ...['from', '--pull-never'],
        // Its defaults are above what root may set inside some containers and machines.
        ...['--ulimit=nofile=512:512', '--ulimit=nproc=4096:4096'],
        reference,
      ]);
      expectPulled(from);
      const container = from.stdout.trim();
      const outcome = await buildah(['run', '--isolation', 'chroot', container, '--', ...command]);
      await buildah(['rm', container]);
      expectPulled(outcome);
      return outcome.stdout.trim();
    },
    stop: () => Promise.resolve(),
  };
}
