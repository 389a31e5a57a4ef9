import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { appImage, dataDigest, dockerImage } from './harness/app-image.ts';
import { type Traits, useStage } from './harness/client.ts';
import { startDocker } from './harness/docker-client.ts';
import { dockerdMajor, startDockerd } from './harness/dockerd.ts';
import { describeFallback } from './harness/falling-back.ts';
import { describePulling, expectPulled, pullsAt } from './harness/pulling.ts';
import { describeWith } from './harness/requirement.ts';
import { makeScratch, removeScratch } from './harness/scratch.ts';
import { setUpText } from './harness/set-up-text.ts';

const traits: Traits = {
  name: 'docker',
  runs: true,
  resumes: true,
  unpacksZstd: dockerdMajor() >= 23,
  fallsBackForBlobs: true,
  limitedStatus: 429,
};

const needs = {
  programs: ['dockerd', 'docker', 'containerd', 'runc', 'openssl', 'zstd', 'busybox'],
  root: true,
};

describeWith('dockerd', needs, () => {
  const setting = useStage('docker', (stage) => startDocker(stage));
  describePulling(setting, traits);
  describeFallback(setting, traits);

  describe('as Docker users know it', () => {
    it('asks at the root of the address and names no registry', async () => {
      const { stage, client } = setting;
      stage.upstream.add('library/docker-root', appImage('docker-root'), '1');
      expectPulled(await client.pull('docker-root:1'));
      const targets = stage.tap.passed.map((one) => one.target);
      expect(targets[0]).toBe('/v2/');
      expect(targets.slice(1).every((one) => one.startsWith('/v2/library/docker-root/'))).toBe(
        true,
      );
      expect(targets.filter((one) => one.includes('?'))).toEqual([]);
    });

    it("pulls an image with Docker's own media types", async () => {
      const { stage, client } = setting;
      stage.upstream.add('library/docker-types', dockerImage('docker-types'), '1');
      expectPulled(await client.pull('docker-types:1'));
      expect(await client.run?.('docker-types:1', ['cat', '/name'])).toBe('docker-types');
    });

    it('says in its log that it turns to Docker Hub', async () => {
      const { stage, client } = setting;
      stage.origin.add('library/docker-log', appImage('docker-log'), '1');
      const before = client.dockerd.daemon.lines.length;
      expectPulled(await client.pull('docker-log:1'));
      const said = client.dockerd.daemon.lines.slice(before).join('\n');
      expect(said).toContain('Attempting next endpoint for pull after error');
    });

    it('keeps its Docker Hub login from the mirror, and gives it to Docker Hub', async () => {
      const { stage, client } = setting;
      stage.origin.set({ auth: 'required' });
      stage.origin.add('library/docker-login', appImage('docker-login'), '1');
      client.dockerd.login('user', 'pass');
      expectPulled(await client.pull('docker-login:1'));
      expect(stage.tap.passed.length).toBeGreaterThan(0);
      expect(stage.tap.passed.filter((one) => one.authorization !== undefined)).toEqual([]);
      expect(stage.origin.count({ kind: 'token', status: 200 })).toBeGreaterThan(0);
      expect(client.hub.refused).toEqual([]);
    });

    it('builds by BuildKit over the mirror', async () => {
      const { stage, client } = setting;
      stage.upstream.add('library/docker-base', appImage('docker-base'), '1');
      const context = join(stage.folder, 'context');
      mkdirSync(context);
      writeFileSync(
        join(context, 'Dockerfile'),
        'FROM docker-base:1\nRUN sha256sum /data > /made\n',
      );
      const outcome = await client.dockerd.docker(
        ['build', '--network', 'none', '--tag', 'built:1', context],
        { env: { DOCKER_BUILDKIT: '1' } },
      );
      expectPulled(outcome);
      const named = stage.tap.passed.filter((one) => one.target.endsWith('?ns=docker.io'));
      expect(named.length).toBeGreaterThan(0);
      expect(stage.origin.requests).toEqual([]);
      const said = await client.run?.('built:1', ['cat', '/made']);
      expect(said).toContain(dataDigest('docker-base'));
    });

    it('is set up by the arguments of the GitLab service', async () => {
      const { stage } = setting;
      const service = setUpText('gitlab-dind.yml', stage.tap.address);
      const args: string[] = JSON.parse(/command: (\[.*\])/.exec(service)?.[1] ?? '[]');
      const folder = makeScratch('dind');
      const dockerd = await startDockerd({ folder, config: '{}', args });
      onTestFinished(async () => {
        await dockerd.stop();
        removeScratch(folder);
      });
      stage.upstream.add('library/docker-dind', appImage('docker-dind'), '1');
      expectPulled(await dockerd.docker(['pull', '--quiet', 'docker-dind:1']));
      expect(pullsAt(stage.upstream)).toBe(1);
    });
  });
});
