import type { Traits } from './client.ts';
import { setUpText } from './set-up-text.ts';
import type { Stage } from './stage.ts';

/** `registries.conf` with the stage's origin behind the mirror of docker.io. */
export function registriesOf(stage: Stage): string {
  const origin = new URL(stage.origin.url).host;
  return setUpText('registries.conf', stage.tap.address).replace(
    'location = "docker.io"',
    `location = "${origin}"\ninsecure = true`,
  );
}

/** What podman, Buildah and Skopeo have in common (containers/image 5.23); newer ones resume. */
export const containersImageTraits: Omit<Traits, 'name' | 'runs'> = {
  resumes: false,
  unpacksZstd: true,
  fallsBackForBlobs: false,
  limitedStatus: 503,
};
