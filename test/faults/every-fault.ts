import { describe } from 'vitest';
import type { RestartableMirror } from '../forms/mirror.ts';
import { describeBrokenBodies } from './broken-bodies.ts';
import { describeHostileManifests } from './hostile-manifests.ts';
import { describeImageIndexes } from './image-indexes.ts';
import { describeManyClients } from './many-clients.ts';
import { describeOddUpstreams } from './odd-upstreams.ts';
import { describeOneRepository } from './one-repository.ts';
import { describeRefusals } from './refusals.ts';
import type { Target } from './scene.ts';
import { describeSilentHosts } from './silent-hosts.ts';
import { describeUpstreamDown } from './upstream-down.ts';
import { describeUpstreamLimited } from './upstream-limited.ts';

/** Faults that can happen to every form: what upstreams and clients send. */
export function describeOddContent<Mirror extends RestartableMirror>(target: Target<Mirror>): void {
  describe(target.name, () => {
    describeBrokenBodies(target);
    describeHostileManifests(target);
    describeImageIndexes(target);
    describeManyClients(target);
    describeOddUpstreams(target);
  });
}

/** Faults that can happen to every form: upstreams that refuse, are silent, limited or down. */
export function describeOutages<Mirror extends RestartableMirror>(target: Target<Mirror>): void {
  describe(target.name, () => {
    describeOneRepository(target);
    describeRefusals(target);
    describeSilentHosts(target);
    describeUpstreamDown(target);
    describeUpstreamLimited(target);
  });
}
