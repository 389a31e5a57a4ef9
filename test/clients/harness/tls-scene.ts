import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { startUpstream, type Upstream } from '../../standins/registry/upstream.ts';
import { type Certificate, makeCertificate } from './certificate.ts';
import { type Mirror, startMirror } from './mirror.ts';
import { makeScratch, removeScratch } from './scratch.ts';

/** A mirror with a certificate of its own between two registries. */
export interface TlsScene {
  readonly folder: string;
  readonly certificate: Certificate;
  /** What the mirror knows as docker.io. */
  readonly upstream: Upstream;
  /** Where clients go that do not get along with the mirror; it has no images. */
  readonly origin: Upstream;
  readonly mirror: Mirror;
  /** `HOST:PORT` of the mirror. */
  readonly address: string;
}

/** Opens a scene for all tests of a suite; it exists inside tests only. */
export function useTlsScene(): { readonly scene: TlsScene } {
  let scene: TlsScene | undefined;
  beforeAll(async () => {
    const folder = makeScratch('tls');
    const data = join(folder, 'mirror');
    mkdirSync(data);
    const [certificate, upstream, origin] = await Promise.all([
      makeCertificate(folder, 'mirror', 'IP:127.0.0.1'),
      startUpstream({ auth: 'anonymous' }),
      startUpstream(),
    ]);
    const mirror = await startMirror(
      data,
      { 'docker.io': { url: upstream.url } },
      { tls: certificate },
    );
    const address = new URL(mirror.url).host;
    scene = { folder, certificate, upstream, origin, mirror, address };
  });
  afterAll(async () => {
    if (scene === undefined) return;
    const { folder, mirror, upstream, origin } = scene;
    await mirror.stop();
    await Promise.all([upstream.close(), origin.close()]);
    removeScratch(folder);
  });
  return {
    get scene() {
      if (scene === undefined) throw new Error('the scene is open inside tests only');
      return scene;
    },
  };
}
