import type { Client } from './client.ts';
import { type Containerd, startContainerd } from './containerd.ts';
import { installed } from './launch.ts';
import { expectPulled } from './pulling.ts';
import { setUpText } from './set-up-text.ts';
import type { Stage } from './stage.ts';

/** containerd with ctr. */
export interface ContainerdClient extends Client {
  readonly containerd: Containerd;
}

const hub = 'https://registry-1.docker.io';

/** The set-up text for a mirror at `address`, with the stage's origin as Docker Hub. */
export function hostsOf(stage: Stage, address = stage.tap.address): string {
  return setUpText('hosts.toml', address).replace(hub, stage.origin.url);
}

/** Starts containerd as `infra/clients/hosts.toml` sets it up for the stage. */
export async function startContainerdClient(
  stage: Stage,
  launch = installed,
): Promise<ContainerdClient> {
  const containerd = await startContainerd(stage.folder, undefined, launch);
  containerd.hosts('docker.io', hostsOf(stage));
  let number = 0;
  return {
    containerd,
    pull: (reference) => containerd.pull(reference),
    async remove(reference) {
      expectPulled(await containerd.ctr(['images', 'rm', '--sync', reference]));
    },
    async run(reference, command) {
      number += 1;
      const outcome = await containerd.ctr([
        ...['run', '--rm', '--snapshotter', 'native', reference, `c${number}`],
        ...command,
      ]);
      expectPulled(outcome);
      return outcome.stdout.trim();
    },
    async digest(reference) {
      const outcome = await containerd.ctr(['images', 'list', `name==${reference}`]);
      expectPulled(outcome);
      return /sha256:[a-f0-9]{64}/.exec(outcome.stdout)?.[0] ?? outcome.stdout;
    },
    stop: () => containerd.stop(),
  };
}
