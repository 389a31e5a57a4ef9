import { startBuildah } from './harness/buildah-client.ts';
import { type Traits, useStage } from './harness/client.ts';
import { containersImageTraits } from './harness/containers-image-set-up.ts';
import { debianSid, sidNeeds, useDebianSid } from './harness/debian-sid.ts';
import { describeFallback } from './harness/falling-back.ts';
import { startPodman } from './harness/podman-client.ts';
import { describePulling } from './harness/pulling.ts';
import { describeWith } from './harness/requirement.ts';
import { startSkopeo } from './harness/skopeo-client.ts';

const needs = { programs: [...sidNeeds, 'zstd'], root: true };

// Since containers/image 5.26 a broken body is resumed. podman and Buildah repeat a failed pull: the mirror
// then refuses the manifest, and they go to the origin.
const clients = [
  { name: 'podman', runs: true, fallsBackForBlobs: true, start: startPodman },
  { name: 'buildah', runs: true, fallsBackForBlobs: true, start: startBuildah },
  { name: 'skopeo', runs: false, fallsBackForBlobs: false, start: startSkopeo },
] as const;

for (const { name, start, ...own } of clients) {
  const traits: Traits = {
    ...containersImageTraits,
    ...own,
    name: `newer-${name}`,
    resumes: true,
  };

  describeWith(`newer ${name}`, needs, () => {
    useDebianSid();
    const setting = useStage(traits.name, async (stage) => start(stage, await debianSid()));
    describePulling(setting, traits);
    describeFallback(setting, traits);
  });
}
