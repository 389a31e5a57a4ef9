import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeImage } from '../standins/images/image.ts';
import { makeIndex } from '../standins/images/image-index.ts';
import { randomLayer } from '../standins/images/layer.ts';
import { startUpstream, type Upstream } from '../standins/registry/upstream.ts';
import { Fleet, type Got } from './fleet.ts';

const windowSeconds = 21_600;
const minute = 60_000;

let hub: Upstream;
let fleet: Fleet;

beforeEach(async () => {
  hub = await startUpstream({ auth: 'anonymous' });
});

afterEach(async () => {
  await fleet.close();
  await hub.close();
});

const image = (name: string) => makeImage({ layers: [randomLayer(name, 2_000)] });

const statuses = (answers: readonly Got[]) => [...new Set(answers.map(({ status }) => status))];

const gets = () => hub.count({ kind: 'manifest', method: 'GET' });
const limited = () => hub.count({ status: 429 });

describe('500 clients on 20 instances with 10 pulls left', () => {
  const clients = Array.from({ length: 500 }, (_, at) => at);
  const all = (work: (at: number) => Promise<Got>) => Promise.all(clients.map(work));

  beforeEach(async () => {
    fleet = new Fleet(hub, 20);
    hub.add('library/cached', image('cached'), '1');
    for (let at = 1; at <= 30; at++) hub.add(`library/new-${at}`, image(`new-${at}`), '1');
    await fleet.pull(0, 'library/cached', '1');
    await fleet.fill();
    hub.set({ pullLimit: { limit: 10, windowSeconds } });
    hub.clear();
  });

  it('get 10 new images, a refusal of the 11th within a second, and every cached one', async () => {
    for (let at = 1; at <= 10; at++) {
      expect(statuses(await all((one) => fleet.pull(one, `library/new-${at}`, '1')))).toEqual([
        200,
      ]);
    }
    expect([gets(), limited()]).toEqual([10, 0]);
    const refused = await all((one) => fleet.pull(one, 'library/new-11', '1'));
    expect(statuses(refused)).toEqual([429]);
    expect(Math.max(...refused.map(({ milliseconds }) => milliseconds))).toBeLessThan(1_000);
    expect(refused[0]?.body).toContain('TOOMANYREQUESTS');
    const ns = await fleet.ask(7, 'GET', 'library/new-12/manifests/1?ns=docker.io');
    expect(ns.status).toBe(503);
    expect([gets(), limited()]).toEqual([10, 0]);
    // What was pulled stays complete by its blobs, and tags are confirmed by HEADs.
    const { config, layers } = image('new-3');
    const digests = [config, ...layers].map(({ digest }) => digest);
    expect(await fleet.blobs(11, 'library/new-3', digests)).toEqual([307]);
    fleet.pass(6 * minute);
    for (const name of ['library/cached', 'library/new-1']) {
      expect(statuses(await all((one) => fleet.pull(one, name, '1')))).toEqual([200]);
    }
    expect([gets(), limited()]).toEqual([10, 0]);
    expect(hub.count({ kind: 'manifest', method: 'HEAD' })).toBeGreaterThan(10);
  });

  it('provoke no more than one 429 for each instance when 30 new images come at once', async () => {
    const answers = await all((one) => fleet.pull(one, `library/new-${(one % 30) + 1}`, '1'));
    expect(gets() - limited()).toBe(10);
    expect(limited()).toBeLessThanOrEqual(20);
    expect(statuses(answers).toSorted()).toEqual([200, 429]);
    const before = gets();
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    const after = await all((one) => fleet.pull(one, `library/new-${(one % 30) + 1}`, '1'));
    expect(gets()).toBe(before);
    expect(statuses(after).toSorted()).toEqual([200, 429]);
  });

  it('get new images again a minute after the window began anew, by one HEAD that tries', async () => {
    for (let at = 1; at <= 10; at++) await fleet.pull(at, `library/new-${at}`, '1');
    expect((await fleet.pull(3, 'library/new-11', '1')).status).toBe(429);
    hub.set({ pullLimit: { limit: 10, windowSeconds } });
    // The record of the tag is fresh, so that only its manifest is missing.
    fleet.pass(80_000);
    hub.clear();
    const answers = await all((one) => fleet.pull(one, 'library/new-11', '1'));
    expect(statuses(answers)).toEqual([200]);
    expect([gets(), limited()]).toEqual([1, 0]);
    expect(hub.count({ kind: 'manifest', method: 'HEAD' })).toBeLessThanOrEqual(2);
  });
});

describe('a fleet of CI jobs behind one address', () => {
  it('costs one GET for each new manifest: 100 jobs, two manifests each, ten builds in an hour', async () => {
    fleet = new Fleet(hub, 20, { networks: { ci: ['192.0.2.0/24'] } });
    hub.set({ pullLimit: { limit: 100, windowSeconds } });
    const platform = 'linux/amd64';
    const publish = (version: number) =>
      hub.add('library/base', makeIndex([{ item: image(`base ${version}`), platform }]), 'latest');
    const childOf = ({ body }: Got) =>
      (JSON.parse(body) as { manifests: { digest: string }[] }).manifests[0]?.digest ?? '';
    const job = async (at: number) => {
      const index = await fleet.pull(at, 'library/base', 'latest', '192.0.2.7');
      if (index.status !== 200) return index;
      return fleet.ask(at, 'GET', `library/base/manifests/${childOf(index)}`, '192.0.2.7');
    };
    publish(1);
    for (let build = 1; build <= 10; build++) {
      // The base moves twice within the hour.
      if (build === 4 || build === 8) publish(build);
      const answers = await Promise.all(Array.from({ length: 100 }, (_, at) => job(at)));
      expect(statuses(answers)).toEqual([200]);
      fleet.pass(6 * minute);
    }
    expect([gets(), limited()]).toEqual([6, 0]);
    // Pulls that are not written yet go with the next request to the registry.
    await Promise.all(Array.from({ length: 20 }, (_, at) => job(at)));
    fleet.pass(6 * minute);
    const reports = await Promise.all(fleet.instances.map(({ mirror }) => mirror.budgets()));
    const [first] = reports;
    expect(first?.[0]?.networks).toEqual([{ name: 'ci', pulls: 6 }]);
    expect(first?.[0]?.repositories).toEqual([{ name: 'library/base', pulls: 6 }]);
    // All instances say the same.
    for (const one of reports) expect(one).toEqual(first);
    expect(JSON.stringify([fleet.events, reports])).not.toMatch(/127\.0\.0\.1"|192\.0\.2/);
  });
});
