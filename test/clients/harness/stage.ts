import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startUpstream, type Upstream } from '../../standins/registry/upstream.ts';
import { type Mirror, type MirrorUpstream, type StartMirror, startMirror } from './mirror.ts';
import { makeScratch, removeScratch } from './scratch.ts';
import { openTap, type Tap } from './tap.ts';

/** Everything around one client: registries, the mirror, and the address the client is set to. */
export interface Stage {
  readonly folder: string;
  /** What the mirror knows as docker.io: with tokens and redirected blobs, as Docker Hub. */
  readonly upstream: Upstream;
  /** What the mirror knows as ghcr.io. */
  readonly ghcr: Upstream;
  /** Where the client goes when the mirror cannot help: what the client knows as docker.io. */
  readonly origin: Upstream;
  /** In front of the mirror; clients are set to its address. */
  readonly tap: Tap;
  /** The mirror of this test. */
  readonly mirror: Mirror;
  /** Starts the mirror again, over a new folder or the one it had. */
  restart(change: { readonly keep: boolean } & Partial<MirrorUpstream>): Promise<void>;
  /** Everything as new for the next test, but the daemons keep running. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a stage without a mirror: `reset` starts the first one. */
export async function openStage(name: string, start: StartMirror = startMirror): Promise<Stage> {
  const folder = makeScratch(name);
  const [upstream, ghcr, origin, tap] = await Promise.all([
    startUpstream({ auth: 'anonymous' }),
    startUpstream(),
    startUpstream({ blobs: 'stream' }),
    openTap(),
  ]);
  let mirror: Mirror | undefined;
  let number = 0;
  const restart: Stage['restart'] = async ({ keep, ...change }) => {
    await mirror?.stop();
    if (!keep) number += 1;
    const own = join(folder, `m${number}`);
    mkdirSync(own, { recursive: true });
    mirror = await start(own, {
      'docker.io': { url: upstream.url, ...change },
      'ghcr.io': { url: ghcr.url },
    });
    tap.to(mirror.url);
  };
  return {
    folder,
    upstream,
    ghcr,
    origin,
    tap,
    get mirror() {
      if (mirror === undefined) throw new Error('no mirror before the first reset');
      return mirror;
    },
    restart,
    async reset() {
      for (const one of [upstream, ghcr, origin]) {
        await one.stop();
        await one.start();
        one.reset();
        one.clear();
      }
      upstream.set({ auth: 'anonymous' });
      origin.set({ blobs: 'stream' });
      tap.clear();
      await restart({ keep: false });
    },
    async close() {
      await mirror?.stop();
      await Promise.all([upstream.close(), ghcr.close(), origin.close(), tap.close()]);
      removeScratch(folder);
    },
  };
}
