import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { appImage, dataDigest } from './harness/app-image.ts';
import { type Buildkit, startBuildkit } from './harness/buildkit.ts';
import { buildkitPrograms, missingForBuildkit } from './harness/buildkit-programs.ts';
import { type Client, type Traits, useStage } from './harness/client.ts';
import { type HubRoute, openHubRoute } from './harness/docker-hub.ts';
import { describeFallback } from './harness/falling-back.ts';
import { describePulling, expectPulled, pullsAt } from './harness/pulling.ts';
import { describeWith } from './harness/requirement.ts';
import { makeScratch, removeScratch } from './harness/scratch.ts';
import { setUpText } from './harness/set-up-text.ts';
import type { Stage } from './harness/stage.ts';

interface BuildkitClient extends Client {
  readonly buildkit: Buildkit;
  readonly hub: HubRoute;
}

/** The Dockerfile that gives what a command says in an image, as its one file. */
function saying(reference: string, command: readonly string[]): string {
  return [
    `FROM ${reference} AS from`,
    `RUN ${command.join(' ')} > /said`,
    'FROM scratch',
    'COPY --from=from /said /said',
    '',
  ].join('\n');
}

async function start(stage: Stage): Promise<BuildkitClient> {
  const hub = await openHubRoute(stage.folder, stage.origin.url);
  const config = setUpText('buildkitd.toml', stage.tap.address);
  const buildkit = await startBuildkit({ folder: stage.folder, config, env: hub.env });
  return {
    buildkit,
    hub,
    // It pulls the layers of what it must unpack only: an image that is made of nothing else.
    pull: (reference) => buildkit.build(`FROM ${reference}\n`),
    async remove() {
      expectPulled(await buildkit.prune());
    },
    async run(reference, command) {
      expectPulled(await buildkit.build(saying(reference, command)));
      return readFileSync(join(buildkit.made, 'said'), 'utf8').trim();
    },
    async stop() {
      await buildkit.stop();
      await hub.close();
    },
  };
}

const traits: Traits = {
  name: 'buildkit',
  runs: true,
  resumes: true,
  unpacksZstd: true,
  fallsBackForBlobs: true,
  limitedStatus: 503,
};

const needs = {
  programs: ['runc', 'openssl', 'zstd', 'busybox'],
  missing: missingForBuildkit(),
  root: true,
};

describeWith('buildkitd', needs, () => {
  beforeAll(buildkitPrograms, 900_000);
  const setting = useStage('buildkit', start);
  describePulling(setting, traits);
  describeFallback(setting, traits);

  describe('reaches the mirror', () => {
    it('by buildkitd.toml with ns= on every request', async () => {
      const { stage, client } = setting;
      stage.upstream.add('library/buildkit-ns', appImage('buildkit-ns'), '1');
      expectPulled(await client.pull('docker.io/library/buildkit-ns:1'));
      expect(stage.tap.passed.length).toBeGreaterThan(0);
      for (const one of stage.tap.passed) {
        expect(one.target).toMatch(/^\/v2\/library\/buildkit-ns\/.*\?ns=docker\.io$/);
        expect(one.answer['oci-namespace']).toBe('docker.io');
      }
      await client.remove('docker.io/library/buildkit-ns:1');
    });

    it('for every registry that buildkitd.toml names', async () => {
      const { stage, client } = setting;
      stage.ghcr.add('owner/app', appImage('buildkit-ghcr'), '1');
      expectPulled(await client.pull('ghcr.io/owner/app:1'));
      expect(pullsAt(stage.ghcr)).toBe(1);
      expect(stage.tap.matching(/\?ns=ghcr\.io -> 200$/).length).toBeGreaterThan(0);
      await client.remove('ghcr.io/owner/app:1');
    });

    it('by a prefix after /v2', async () => {
      const { stage, client } = setting;
      const config = setUpText('buildkitd.toml', stage.tap.address).replaceAll(
        `mirrors = ["${stage.tap.address}"]`,
        `mirrors = ["${stage.tap.address}/ghcr.io"]`,
      );
      const folder = makeScratch('bkprefix');
      const prefixed = await startBuildkit({ folder, config, env: client.hub.env });
      onTestFinished(async () => {
        await prefixed.stop();
        removeScratch(folder);
      });
      stage.ghcr.add('owner/prefixed', appImage('buildkit-prefix'), '1');
      expectPulled(await prefixed.build('FROM ghcr.io/owner/prefixed:1\n'));
      expect(pullsAt(stage.ghcr)).toBe(1);
      expect(stage.tap.passed.length).toBeGreaterThan(0);
      const odd = stage.tap.passed.filter(
        (one) => !one.target.startsWith('/v2/ghcr.io/owner/prefixed/'),
      );
      expect(odd).toEqual([]);
    });
  });

  it('keeps a Docker Hub login from the mirror, and gives it to Docker Hub', async () => {
    const { stage, client } = setting;
    stage.origin.set({ auth: 'required' });
    stage.origin.add('library/buildkit-login', appImage('buildkit-login'), '1');
    client.buildkit.login('user', 'pass');
    expectPulled(await client.pull('docker.io/library/buildkit-login:1'));
    expect(stage.tap.passed.length).toBeGreaterThan(0);
    expect(stage.tap.passed.filter((one) => one.authorization !== undefined)).toEqual([]);
    expect(stage.origin.count({ kind: 'token', status: 200 })).toBeGreaterThan(0);
    expect(client.hub.refused).toEqual([]);
    await client.remove('docker.io/library/buildkit-login:1');
  });

  it('builds over the mirror, and again on the layers of the mirror alone', async () => {
    const { stage, client } = setting;
    const reference = 'docker.io/library/buildkit-base:1';
    stage.upstream.add('library/buildkit-base', appImage('buildkit-base'), '1');
    const command = ['sha256sum', '/data'];
    expect(await client.run?.(reference, command)).toContain(dataDigest('buildkit-base'));
    expect(pullsAt(stage.upstream)).toBe(1);
    await client.remove(reference);
    stage.upstream.clear();
    expect(await client.run?.(reference, command)).toContain(dataDigest('buildkit-base'));
    expect(stage.upstream.requests).toEqual([]);
    expect(stage.origin.requests).toEqual([]);
    await client.remove(reference);
  });
});
