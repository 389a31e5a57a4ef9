import { describe, expect, it } from 'vitest';
import { appImage } from './harness/app-image.ts';
import { type Traits, useStage } from './harness/client.ts';
import { hostsOf, startContainerdClient } from './harness/containerd-client.ts';
import { describeFallback } from './harness/falling-back.ts';
import { describePulling, expectPulled, pullsAt } from './harness/pulling.ts';
import { describeWith } from './harness/requirement.ts';
import { runWell } from './harness/run.ts';
import { setUpText } from './harness/set-up-text.ts';

const traits: Traits = {
  name: 'containerd',
  runs: true,
  resumes: true,
  unpacksZstd: true,
  fallsBackForBlobs: true,
  limitedStatus: 503,
};

const needs = { programs: ['containerd', 'ctr', 'runc', 'zstd', 'busybox'], root: true };

describeWith('containerd', needs, () => {
  const setting = useStage('containerd', (stage) => startContainerdClient(stage));
  describePulling(setting, traits);
  describeFallback(setting, traits);

  describe('reaches the mirror', () => {
    it('by hosts.toml with ns= on every request', async () => {
      const { stage, client } = setting;
      stage.upstream.add('library/ctr-ns', appImage('ctr-ns'), '1');
      expectPulled(await client.pull('docker.io/library/ctr-ns:1'));
      expect(stage.tap.passed.length).toBeGreaterThan(0);
      for (const one of stage.tap.passed) {
        expect(one.target).toMatch(/^\/v2\/library\/ctr-ns\/.*\?ns=docker\.io$/);
        expect(one.answer['oci-namespace']).toBe('docker.io');
      }
    });

    it('by _default for a registry without a folder of its own', async () => {
      const { stage, client } = setting;
      client.containerd.hosts('_default', setUpText('default-hosts.toml', stage.tap.address));
      stage.ghcr.add('owner/app', appImage('ctr-default'), '1');
      expectPulled(await client.pull('ghcr.io/owner/app:1'));
      expect(pullsAt(stage.ghcr)).toBe(1);
      expect(stage.tap.matching(/\?ns=ghcr\.io -> 200$/).length).toBeGreaterThan(0);
      await client.remove('ghcr.io/owner/app:1');
    });

    it('by a prefix before /v2', async () => {
      const { stage, client } = setting;
      client.containerd.hosts('ghcr.io', hostsOf(stage, `${stage.tap.address}/ghcr.io`));
      stage.ghcr.add('owner/prefixed', appImage('ctr-prefix'), '1');
      expectPulled(await client.pull('ghcr.io/owner/prefixed:1'));
      expect(pullsAt(stage.ghcr)).toBe(1);
      const odd = stage.tap.passed.filter((one) => !one.target.startsWith('/ghcr.io/v2/owner/'));
      expect(odd).toEqual([]);
      await client.remove('ghcr.io/owner/prefixed:1');
    });
  });

  it('may send a login that its set-up names: it goes no further', async () => {
    const { stage, client } = setting;
    const { host } = new URL(stage.mirror.url); // Past the tap, which expects no login.
    const login = `[host."http://${host}".header]\n  authorization = "Basic c2VjcmV0"\n`;
    client.containerd.hosts('ghcr.io', `${setUpText('default-hosts.toml', host)}\n${login}`);
    stage.ghcr.add('owner/login', appImage('ctr-login'), '1');
    expectPulled(await client.pull('ghcr.io/owner/login:1'));
    expect(pullsAt(stage.ghcr)).toBe(1);
    expect(stage.ghcr.requests.filter((one) => one.authorization !== undefined)).toEqual([]);
    await stage.mirror.stop();
    expect(stage.mirror.lines().join('\n')).not.toContain('c2VjcmV0');
    await client.remove('ghcr.io/owner/login:1');
  });

  it('reads the folder of hosts.toml from the set-up text for nodes', async () => {
    const file = new URL('../../infra/clients/containerd.toml', import.meta.url).pathname;
    const said = await runWell('containerd', ['--config', file, 'config', 'dump']);
    expect(said).toContain('config_path = "/etc/containerd/certs.d"');
  });
});
