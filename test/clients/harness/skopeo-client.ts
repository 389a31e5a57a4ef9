import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from './client.ts';
import { type ContainersImage, prepareContainersImage } from './containers-image.ts';
import { registriesOf } from './containers-image-set-up.ts';
import { installed } from './launch.ts';
import type { Stage } from './stage.ts';

/** Skopeo, which copies images to folders. */
export interface SkopeoClient extends Client {
  readonly tools: ContainersImage;
  /** Copies an image to a folder, with these further arguments. */
  copy(reference: string, folder: string, more?: readonly string[]): ReturnType<Client['pull']>;
}

/** Prepares Skopeo as `infra/clients/registries.conf` sets it up for the stage. */
export function startSkopeo(stage: Stage, launch = installed): Promise<SkopeoClient> {
  const tools = prepareContainersImage(stage.folder, launch);
  tools.registries(registriesOf(stage));
  const copied = join(stage.folder, 'copied');
  const copy: SkopeoClient['copy'] = (reference, folder, more = []) =>
    tools.skopeo(['copy', '--quiet', ...more, `docker://${reference}`, `dir:${folder}`]);
  return Promise.resolve({
    tools,
    copy,
    pull: (reference) => copy(reference, copied),
    remove: async () => rmSync(copied, { recursive: true }),
    stop: () => Promise.resolve(),
  });
}
