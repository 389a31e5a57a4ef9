import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { NodeMirror } from '../forms/node.ts';
import { patience } from '../patience.ts';
import { makeImage } from '../standins/images/image.ts';
import { randomLayer } from '../standins/images/layer.ts';
import { startUpstream } from '../standins/registry/upstream.ts';

const old = { username: 'helped-user-5b', password: 'helped-pass-1c' };
const changed = { username: 'helped-user-5b', password: 'helped-pass-9f' };

/** What a helper runs instead of printing the account, and what the mirror says of it. */
const failures = [
  ['fails', 'echo no-secret-2a >&2; exit 3', 'failed with exit code 3'],
  ['prints garbage', 'echo no-secret-2a', 'did not print'],
  ['prints without an end', 'yes no-secret-2a', 'printed more than 65536 bytes'],
  ['hangs', 'sleep 60', 'did not answer within 10 s'],
  [
    'has lost the account',
    'echo "credentials not found in native keychain"; exit 1',
    'has no such',
  ],
] as const;

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function program(folder: string, text: string): Promise<void> {
  const file = join(folder, 'docker-credential-test');
  await writeFile(file, `#!/bin/sh\n${text}\n`);
  await chmod(file, 0o755);
}

const prints = ({ username, password }: typeof old) =>
  `echo '${JSON.stringify({ ServerURL: 'x', Username: username, Secret: password })}'`;

/** A server that signs in by a helper, which has the right account. */
async function scene() {
  const folder = await mkdtemp(join(tmpdir(), 'pullfront-helper-'));
  closing.push(() => rm(folder, { recursive: true, force: true }));
  await program(folder, prints(old));
  const hub = await startUpstream({ auth: 'anonymous', accounts: [old] });
  closing.push(() => hub.close());
  for (const tag of ['1', '2', '3']) {
    hub.add('library/app', makeImage({ layers: [randomLayer(`helper ${tag}`, 10_000)] }), tag);
  }
  const upstream = { url: hub.url, tagTtl: '1ms', credentials: { helper: 'test' } };
  const mirror = await NodeMirror.start(
    { upstreams: { 'docker.io': upstream }, log: { level: 'debug' } },
    { PATH: `${folder}:${process.env.PATH}` },
  );
  closing.push(() => mirror.close());
  /** The blobs of the first image, the config and a layer, are stored. */
  const filled = () =>
    vi.waitUntil(() => mirror.output.split('"outcome":"stored"').length === 3, patience);
  const status = async (tag: string) => {
    const answer = await mirror.get(`/v2/library/app/manifests/${tag}`);
    await answer.arrayBuffer();
    return answer.status;
  };
  return { folder, hub, mirror, status, filled };
}

describe('a credential helper that worked at the start, and then', () => {
  it.each(failures)(
    '%s: its upstream is anonymous, and the log says so once',
    async (_, text, reason) => {
      const { folder, hub, mirror, status, filled } = await scene();
      expect(await status('1')).toBe(200);
      await filled();
      expect(hub.requests.some(({ authorization }) => authorization === 'Basic')).toBe(true);
      await program(folder, text);
      hub.set({ accounts: [changed] });
      hub.revokeTokens();
      // Credentials that are a second old are read again when they are refused.
      await new Promise((resolve) => setTimeout(resolve, 1_100));
      hub.clear();
      for (const tag of ['2', '3', '1']) expect(await status(tag)).toBe(200);
      const tokens = hub.requests.filter(({ kind }) => kind === 'token');
      expect(tokens.map(({ authorization }) => authorization)).toContain(undefined);
      const lines = () =>
        mirror.output.split('\n').filter((one) => one.includes('"account-rests"'));
      await vi.waitFor(() => expect(lines()).toHaveLength(1), patience);
      const [line = ''] = lines();
      expect(JSON.parse(line)).toMatchObject({
        level: 'warn',
        registry: 'docker.io',
        account: 'account-1',
        ms: 60_000,
        reason: expect.stringContaining(reason),
      });
      expect(line).toContain('anonymous meanwhile');
      expect(mirror.output).not.toMatch(/helped-(?:user|pass)|no-secret/);
    },
  );

  it('has a new password: it is used at once', async () => {
    const { folder, hub, mirror, status, filled } = await scene();
    expect(await status('1')).toBe(200);
    await filled();
    await program(folder, prints(changed));
    hub.set({ accounts: [changed] });
    hub.revokeTokens();
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    hub.clear();
    expect(await status('2')).toBe(200);
    expect(hub.count({ kind: 'token', status: 200 })).toBe(1);
    expect(mirror.output).not.toContain('account-rests');
  });
});

it('a helper that fails at the start ends the server with its reason', async () => {
  const { folder, hub } = await scene();
  await program(folder, 'echo no-secret-2a; exit 3');
  const upstreams = { 'docker.io': { url: hub.url, credentials: { helper: 'test' } } };
  const start = NodeMirror.start({ upstreams }, { PATH: `${folder}:${process.env.PATH}` });
  const error = await start.catch((one: unknown) => String(one));
  expect(error).toContain('docker-credential-test failed with exit code 3');
  expect(error).not.toContain('no-secret');
});
