import type { Client } from './client.ts';
import { type HubRoute, openHubRoute } from './docker-hub.ts';
import { type Dockerd, type DockerdOptions, startDockerd } from './dockerd.ts';
import { expectPulled } from './pulling.ts';
import { setUpText } from './set-up-text.ts';
import type { Stage } from './stage.ts';

/** dockerd with its command line, and where its way to Docker Hub ends. */
export interface DockerClient extends Client {
  readonly dockerd: Dockerd;
  readonly hub: HubRoute;
}

/** Starts dockerd as `infra/clients/daemon.json` sets it up for the stage. */
export async function startDocker(
  stage: Stage,
  more: Pick<DockerdOptions, 'launch' | 'containerdStore'> = {},
): Promise<DockerClient> {
  const hub = await openHubRoute(stage.folder, stage.origin.url);
  const config = setUpText('daemon.json', stage.tap.address);
  const dockerd = await startDockerd({ folder: stage.folder, config, env: hub.env, ...more });
  const { docker } = dockerd;
  return {
    dockerd,
    hub,
    pull: (reference) => docker(['pull', '--quiet', reference]),
    async remove(reference) {
      expectPulled(await docker(['image', 'rm', '--force', reference]));
    },
    async run(reference, command) {
      const outcome = await docker(['run', '--rm', '--network', 'none', reference, ...command]);
      expectPulled(outcome);
      return outcome.stdout.trim();
    },
    async digest(reference) {
      const outcome = await docker(['image', 'inspect', '--format', '{{.Id}}', reference]);
      expectPulled(outcome);
      return outcome.stdout.trim();
    },
    async stop() {
      await dockerd.stop();
      await hub.close();
    },
  };
}
