import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { appImage, blobBytes, dataDigest } from './harness/app-image.ts';
import { startBuildkit } from './harness/buildkit.ts';
import { buildkitPrograms, missingForBuildkit } from './harness/buildkit-programs.ts';
import { startContainerd } from './harness/containerd.ts';
import { prepareContainersImage } from './harness/containers-image.ts';
import { expectPulled, pullsAt } from './harness/pulling.ts';
import { describeWith } from './harness/requirement.ts';
import { setUpText } from './harness/set-up-text.ts';
import { type TlsScene, useTlsScene } from './harness/tls-scene.ts';

const many = 20;

/** `hosts.toml` for https, with the registry's stand-in behind the mirror. */
function hostsOf({ address, origin }: TlsScene): string {
  return setUpText('hosts.toml', address)
    .replace(`http://${address}`, `https://${address}`)
    .replace('https://registry-1.docker.io', origin.url);
}

const withContainerd = { programs: ['containerd', 'ctr', 'openssl', 'busybox'], root: true };

describeWith('containerd over TLS', withContainerd, () => {
  const setting = useTlsScene();

  it(`pulls ${many} images at once, each with one upstream pull`, async () => {
    const { scene } = setting;
    const containerd = await startContainerd(scene.folder);
    onTestFinished(() => containerd.stop());
    const names = Array.from({ length: many }, (_, number) => `ctr-tls-${number}`);
    const images = names.map((name) => appImage(name));
    for (const [number, image] of images.entries()) {
      scene.upstream.add(`library/${names[number]}`, image, '1');
    }
    const pullAll = () =>
      Promise.all(names.map((name) => containerd.pull(`docker.io/library/${name}:1`)));

    containerd.hosts('docker.io', hostsOf(scene));
    const [untrusting] = await pullAll();
    expect(untrusting).toMatchObject({ ok: false });
    expect(pullsAt(scene.upstream)).toBe(0);
    expect(scene.origin.requests.length).toBeGreaterThan(0);
    scene.origin.clear();

    containerd.hosts('docker.io', `${hostsOf(scene)}  ca = "${scene.certificate.cert}"\n`);
    for (const outcome of await pullAll()) expectPulled(outcome);
    expect(pullsAt(scene.upstream)).toBe(many);
    expect(scene.upstream.bytes('cdn')).toBe(
      images.reduce((sum, image) => sum + blobBytes(image), 0),
    );
    expect(scene.origin.requests).toEqual([]);
  });
});

const withPodman = { programs: ['podman', 'openssl', 'busybox'], root: true };

describeWith('podman over TLS', withPodman, () => {
  const setting = useTlsScene();

  it(`on ${many} machines at once gets an image with one upstream pull`, async () => {
    const { scene } = setting;
    const { address, certificate, upstream, origin } = scene;
    const image = appImage('podman-tls');
    upstream.add('library/podman-tls', image, '1');
    const text = setUpText('registries.conf', address)
      .replaceAll('insecure = true\n', '')
      .replace('location = "docker.io"', `location = "${new URL(origin.url).host}"`);
    const machines = Array.from({ length: many }, (_, number) => {
      const folder = join(scene.folder, `p${number}`);
      const machine = prepareContainersImage(folder);
      machine.registries(text);
      const trusted = join(folder, 'home/.config/containers/certs.d', address);
      mkdirSync(trusted, { recursive: true });
      copyFileSync(certificate.cert, join(trusted, 'ca.crt'));
      return machine;
    });
    const outcomes = await Promise.all(
      machines.map(({ podman }) => podman(['pull', '--quiet', 'docker.io/library/podman-tls:1'])),
    );
    for (const outcome of outcomes) expectPulled(outcome);
    expect(pullsAt(upstream)).toBe(1);
    expect(upstream.bytes('cdn')).toBe(blobBytes(image));
    expect(origin.requests).toEqual([]);
  });
});

const withBuildkit = {
  programs: ['runc', 'openssl', 'busybox'],
  missing: missingForBuildkit(),
  root: true,
};

describeWith('BuildKit over TLS', withBuildkit, () => {
  beforeAll(buildkitPrograms, 900_000);
  const setting = useTlsScene();

  it('builds on an image of the mirror', async () => {
    const { folder, address, certificate, upstream, origin } = setting.scene;
    // Unless told otherwise BuildKit takes an address of loopback, and no other, for plain http.
    const config = setUpText('buildkitd.toml', address).replace(
      'http = true',
      `http = false\n  ca = ["${certificate.cert}"]`,
    );
    // It has no way to the real registry: the proxy it is told of is none.
    const buildkit = await startBuildkit({ folder, config, env: { HTTPS_PROXY: origin.url } });
    onTestFinished(() => buildkit.stop());
    upstream.add('library/buildkit-tls', appImage('buildkit-tls'), '1');
    expectPulled(await buildkit.build('FROM buildkit-tls:1\nRUN sha256sum /data > /said\n'));
    expect(readFileSync(join(buildkit.made, 'said'), 'utf8')).toContain(dataDigest('buildkit-tls'));
    expect(pullsAt(upstream)).toBe(1);
  });
});
