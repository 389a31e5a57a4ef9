import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Repository, repositoryKey } from '../../functions/core/oci/repository.ts';
import type { Hold, ManifestStore, TagRecord } from '../../functions/core/ports/manifest-store.ts';
import { imageOf, madeDigest, manifestOf } from './made-content.ts';
import type { OpenedPort } from './opened-port.ts';
import { describePreviousVersion } from './previous-version-contract.ts';
import { testStoredTypes } from './stored-types-contract.ts';
import { describeAuditLog, describeTagStates } from './tag-states-contract.ts';

const alpine: Repository = { registry: 'docker.io', name: 'library/alpine' };
const nested: Repository = { registry: 'docker.io', name: 'library/alpine/git' };
const dashed: Repository = { registry: 'docker.io', name: 'library/alpine-git' };
const elsewhere: Repository = { registry: 'ghcr.io', name: 'library/alpine' };

function tagRecord(text: string, checked: number): TagRecord {
  return {
    digest: madeDigest(text),
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    size: 500,
    firstSeen: 1,
    changed: 2,
    checked,
    history: [{ digest: madeDigest('before'), until: 2 }],
  };
}

/** Executes the contract of ManifestStore on an implementation. */
export function describeManifestStoreContract(
  name: string,
  open: () => Promise<OpenedPort<ManifestStore>>,
): void {
  describe(`ManifestStore: ${name}`, () => {
    let opened: OpenedPort<ManifestStore>;
    let store: ManifestStore;

    beforeEach(async () => {
      opened = await open();
      store = opened.store;
    });
    afterEach(() => opened.close());

    const all = { limit: undefined, last: undefined };

    describe('tags', () => {
      test('a tag is read as it was written, in its own repository only', async () => {
        await store.putTag(alpine, '3', tagRecord('a', 10));
        expect(await store.getTag(alpine, '3')).toEqual(tagRecord('a', 10));
        for (const other of [nested, dashed, elsewhere]) {
          expect(await store.getTag(other, '3')).toBeUndefined();
        }
        expect(await store.getTag(alpine, '4')).toBeUndefined();
      });

      test('a record with a later check replaces the stored one', async () => {
        await store.putTag(alpine, '3', tagRecord('a', 10));
        await store.putTag(alpine, '3', tagRecord('b', 11));
        expect((await store.getTag(alpine, '3'))?.digest).toBe(madeDigest('b'));
      });

      test('a late write, checked earlier than the stored record, is dropped', async () => {
        await store.putTag(alpine, '3', tagRecord('b', 11));
        await store.putTag(alpine, '3', tagRecord('a', 10));
        expect(await store.getTag(alpine, '3')).toEqual(tagRecord('b', 11));
      });

      test('of writes at the same moment the one checked last stays', async () => {
        const checks = [5, 9, 2, 8, 1, 7];
        await Promise.all(checks.map((at) => store.putTag(alpine, '3', tagRecord(`${at}`, at))));
        expect((await store.getTag(alpine, '3'))?.checked).toBe(9);
      });

      test('tags are listed in the order of code units, of one repository', async () => {
        const tags = ['latest', '3.9', '3.10', 'V1', '_x', '3', '3-rc'];
        for (const tag of tags) await store.putTag(alpine, tag, tagRecord(tag, 1));
        for (const other of [nested, dashed, elsewhere]) {
          await store.putTag(other, 'not-mine', tagRecord('x', 1));
        }
        const expected = { entries: [...tags].sort(), next: undefined };
        expect(await store.listTags(alpine, all)).toEqual(expected);
      });

      test('pages of tags join without a gap, and only the last has no next', async () => {
        const tags = Array.from({ length: 7 }, (_, index) => `v${index}`);
        for (const tag of tags) await store.putTag(alpine, tag, tagRecord(tag, 1));
        const page = (limit: number, last?: string) => store.listTags(alpine, { limit, last });
        expect(await page(3)).toEqual({ entries: ['v0', 'v1', 'v2'], next: 'v2' });
        expect(await page(3, 'v2')).toEqual({ entries: ['v3', 'v4', 'v5'], next: 'v5' });
        expect(await page(3, 'v5')).toEqual({ entries: ['v6'], next: undefined });
        expect(await page(7)).toEqual({ entries: tags, next: undefined });
        expect(await page(3, 'v6')).toEqual({ entries: [], next: undefined });
      });

      test('a page goes on after a tag that does not exist', async () => {
        for (const tag of ['a', 'c']) await store.putTag(alpine, tag, tagRecord(tag, 1));
        for (const last of ['b', 'a\u0000', 'a~', `a${'z'.repeat(5000)}`]) {
          const page = await store.listTags(alpine, { limit: 5, last });
          expect(page, last.slice(0, 5)).toEqual({ entries: ['c'], next: undefined });
        }
        for (const last of ['d', '~', 'é', '\ud800', '\uffff'.repeat(2000)]) {
          expect((await store.listTags(alpine, { limit: 5, last })).entries).toEqual([]);
        }
      });

      test('a page of no entries has no next', async () => {
        await store.putTag(alpine, '3', tagRecord('a', 1));
        const page = await store.listTags(alpine, { limit: 0, last: undefined });
        expect(page).toEqual({ entries: [], next: undefined });
      });
    });

    describe('gone tags', () => {
      const gone = (text: string, checked: number): TagRecord => ({
        ...tagRecord(text, checked),
        refusal: { since: checked + 1, isConfirmed: true },
      });

      test('a refusal is read as it was written, and ends with the next record', async () => {
        const refused = { ...tagRecord('a', 10), refusal: { since: 12, isConfirmed: false } };
        for (const record of [refused, gone('a', 10), tagRecord('a', 11)]) {
          await store.putTag(alpine, '3', record);
          expect(await store.getTag(alpine, '3')).toEqual(record);
        }
      });

      test('tags whose refusal is confirmed are listed until they come back', async () => {
        await store.putTag(alpine, '1', tagRecord('a', 10));
        const refusal = { since: 12, isConfirmed: false };
        await store.putTag(alpine, '2', { ...tagRecord('a', 10), refusal });
        for (const tag of ['3', '4']) await store.putTag(alpine, tag, gone(tag, 10));
        const entry = (tag: string) => {
          return { repository: alpine, tag, digest: madeDigest(tag), since: 11 };
        };
        expect((await store.listGone(all)).entries).toEqual(['3', '4'].map(entry));
        await store.putTag(alpine, '3', tagRecord('b', 20));
        expect((await store.listGone(all)).entries).toEqual(['4'].map(entry));
        // A late write.
        await store.putTag(alpine, '3', gone('3', 19));
        expect((await store.listGone(all)).entries).toEqual(['4'].map(entry));
      });

      test('they are listed by repository and tag, in pages that join without a gap', async () => {
        const port: Repository = { registry: 'localhost:5001', name: 'a' };
        const holders = [alpine, dashed, nested, elsewhere, port];
        for (const repository of holders.toReversed()) {
          for (const tag of ['b', 'B', '_']) await store.putTag(repository, tag, gone(tag, 1));
        }
        const names: string[] = [];
        let last: string | undefined;
        do {
          const page = await store.listGone({ limit: 4, last });
          for (const { repository, tag } of page.entries) {
            names.push(`${repository.registry}/${repository.name}:${tag}`);
          }
          expect(page.next === undefined || page.next === names.at(-1)).toBe(true);
          last = page.next;
        } while (last !== undefined);
        expect(names).toEqual(
          [
            'docker.io/library/alpine',
            'docker.io/library/alpine-git',
            'docker.io/library/alpine/git',
            'ghcr.io/library/alpine',
            'localhost:5001/a',
          ].flatMap((name) => ['B', '_', 'b'].map((tag) => `${name}:${tag}`)),
        );
        for (const strange of ['zzz', '~', 'localhost:5001/a:b', `z${'y'.repeat(5000)}`]) {
          expect((await store.listGone({ limit: 4, last: strange })).entries).toEqual([]);
        }
        expect((await store.listGone({ limit: 2, last: 'docker.io' })).entries).toHaveLength(2);
      });
    });

    describe('public repositories', () => {
      test('are those that were seen to be public and not withdrawn since', async () => {
        const now = Date.now();
        const old = { ...alpine, name: 'library/old' };
        await store.putPublic(alpine, now - 10);
        await store.putPublic(dashed, now - 3);
        await store.putPublic(nested, now);
        await store.putPublic(alpine, now);
        await store.removePublic(dashed);
        await store.removePublic(elsewhere);
        await store.putPublic(old, 1);
        const reopened = await opened.reopen();
        const found = await reopened.getPublic([alpine, dashed, elsewhere, old, alpine]);
        const keys = [...new Set(found.map(({ key, seen }) => `${key} ${seen - now}`))];
        expect(keys).toEqual([`${repositoryKey(alpine)} 0`]);
        expect(await reopened.getPublic([])).toEqual([]);
        expect(await reopened.getPublic([nested])).toEqual([
          { key: repositoryKey(nested), seen: now },
        ]);
      });
    });

    describe('holds', () => {
      const hold = (text: string, since: number): Hold => ({
        kind: 'blob',
        digest: madeDigest(text),
        since,
        until: since + 60_000,
        failures: 1,
        reason: 'no connection',
      });

      test('they are listed for their repository, the last one of each digest', async () => {
        const now = Date.now();
        const other: Hold = { ...hold('b', now - 5), kind: 'manifest' };
        await store.putHold(alpine, hold('a', now - 10));
        await store.putHold(alpine, other);
        await store.putHold(alpine, { ...hold('a', now), failures: 2 });
        for (const one of [nested, dashed, elsewhere]) await store.putHold(one, hold('x', now));
        const listed = await (await opened.reopen()).listHolds(alpine);
        const all = [other, { ...hold('a', now), failures: 2 }];
        expect(listed.toSorted((one, two) => one.since - two.since)).toEqual(all);
      });

      test('they are dropped after a day', async () => {
        await store.putHold(alpine, hold('a', 1));
        await store.putHold(alpine, hold('b', Date.now() - 60_000));
        const listed = await (await opened.reopen()).listHolds(alpine);
        expect(listed.map(({ digest }) => digest)).toEqual([madeDigest('b')]);
      });
    });

    describe('media types', () => {
      testStoredTypes(() => store);
    });

    describe('manifests', () => {
      test('a manifest is answered byte for byte, in its repository only', async () => {
        const { manifest, contents } = imageOf('one', ['layer']);
        await store.putManifest(alpine, manifest, contents, 1);
        expect(await store.getManifest(alpine, manifest.digest)).toMatchObject(manifest);
        for (const other of [nested, dashed, elsewhere]) {
          expect(await store.getManifest(other, manifest.digest)).toBeUndefined();
        }
      });

      test('a manifest is found whatever repository of its registry it came by', async () => {
        const { manifest, contents } = imageOf('one', ['layer']);
        expect(await store.findManifest(manifest.digest, 'docker.io')).toBeUndefined();
        await store.putManifest(elsewhere, manifest, contents, 1);
        expect(await store.findManifest(manifest.digest, 'ghcr.io')).toEqual(manifest);
        for (const other of ['docker.io', 'ghcr.i', 'ghcr.io:5000', 'a', 'z']) {
          expect(await store.findManifest(manifest.digest, other)).toBeUndefined();
        }
        await store.putManifest(alpine, manifest, contents, 1);
        expect(await store.findManifest(manifest.digest, 'docker.io')).toEqual(manifest);
      });

      test('the largest manifest that clients take is stored', async () => {
        const manifest = manifestOf(new Uint8Array(4_393_216).fill(97));
        await store.putManifest(alpine, manifest, undefined, 1);
        const found = await store.getManifest(alpine, manifest.digest);
        expect(Buffer.compare(found?.bytes ?? new Uint8Array(), manifest.bytes)).toBe(0);
      });

      test('what is read belongs to the reader', async () => {
        const { manifest, contents } = imageOf('one', ['layer']);
        await store.putManifest(alpine, manifest, contents, 1);
        (await store.getManifest(alpine, manifest.digest))?.bytes.fill(0);
        expect(await store.getManifest(alpine, manifest.digest)).toMatchObject(manifest);
      });

      test('the same bytes keep their own media type in each repository', async () => {
        const { manifest, contents } = imageOf('one', ['layer']);
        const other = { ...manifest, mediaType: 'application/vnd.example+json' };
        await store.putManifest(alpine, manifest, contents, 1);
        await store.putManifest(elsewhere, other, contents, 1);
        expect(await store.getManifest(alpine, manifest.digest)).toMatchObject(manifest);
        expect(await store.getManifest(elsewhere, manifest.digest)).toMatchObject(other);
      });

      test('every blob that it names becomes an entry of its repository', async () => {
        const { manifest, contents, blobs } = imageOf('one', ['first', 'second', 'first']);
        await store.putManifest(alpine, manifest, contents, 1);
        expect(new Set(blobs.map((blob) => blob.digest)).size).toBe(3);
        for (const blob of blobs) {
          expect(await store.getBlobEntry(alpine, blob.digest)).toEqual(blob);
          expect(await store.getBlobEntry(elsewhere, blob.digest)).toBeUndefined();
          expect(await store.getBlobEntry(dashed, blob.digest)).toBeUndefined();
          expect(await store.isBlobNamed(blob.digest)).toBe(true);
        }
        expect(await store.getBlobEntry(alpine, madeDigest('other'))).toBeUndefined();
        expect(await store.isBlobNamed(madeDigest('other'))).toBe(false);
      });

      test('a repository whose name begins that of another has nothing of it', async () => {
        const { manifest, contents, blobs } = imageOf('one', ['layer']);
        await store.putManifest(alpine, manifest, contents, 1);
        await store.putTag(alpine, '3', tagRecord('a', 1));
        await store.putTagList(alpine, { tags: ['3'], checked: 1 });
        for (const name of ['library/alpin', 'library/a', 'library']) {
          const beginning = { registry: 'docker.io', name };
          for (const { digest } of blobs) {
            expect(await store.getBlobEntry(beginning, digest), name).toBeUndefined();
          }
          expect(await store.getManifest(beginning, manifest.digest), name).toBeUndefined();
          expect((await store.listTags(beginning, all)).entries, name).toEqual([]);
          expect(await store.getTagList(beginning), name).toBeUndefined();
        }
      });

      test('no reader sees a manifest without its entries and the catalogue', async () => {
        const { manifest, contents, blobs } = imageOf('one', ['a', 'b', 'c', 'd']);
        let isWritten = false;
        const writing = store.putManifest(alpine, manifest, contents, 1).then(() => {
          isWritten = true;
        });
        let seen = 0;
        do {
          const found = await store.getManifest(alpine, manifest.digest);
          if (found !== undefined) {
            seen += 1;
            for (const { digest } of blobs) {
              expect(await store.getBlobEntry(alpine, digest)).toBeDefined();
            }
            expect((await store.listRepositories(all)).entries).toHaveLength(1);
          }
          await new Promise((resolve) => setImmediate(resolve));
        } while (!isWritten || seen === 0);
        await writing;
      });

      test('repeating it changes nothing, also not its mark', async () => {
        const { manifest, contents } = imageOf('one', ['layer']);
        await store.putManifest(alpine, manifest, contents, 5);
        await store.putManifest(alpine, manifest, contents, 9);
        const marks = await store.leastRecentlyPulled(10);
        expect(marks).toEqual([{ repository: alpine, digest: manifest.digest, pulled: 5 }]);
      });

      test('a manifest put many times at once is there once', async () => {
        const { manifest, contents } = imageOf('one', ['layer']);
        const times = [3, 4, 5, 6];
        await Promise.all(times.map((at) => store.putManifest(alpine, manifest, contents, at)));
        expect(await store.leastRecentlyPulled(10)).toHaveLength(1);
      });
    });

    describe('removal', () => {
      test('takes the manifest, its entries and its mark out of one repository', async () => {
        const { manifest, contents, blobs } = imageOf('one', ['layer']);
        await store.putManifest(alpine, manifest, contents, 1);
        await store.putManifest(elsewhere, manifest, contents, 2);
        await store.removeManifest(alpine, manifest.digest);
        expect(await store.getManifest(alpine, manifest.digest)).toBeUndefined();
        for (const { digest } of blobs) {
          expect(await store.getBlobEntry(alpine, digest)).toBeUndefined();
          expect(await store.getBlobEntry(elsewhere, digest)).toBeDefined();
          expect(await store.isBlobNamed(digest)).toBe(true);
        }
        const marks = await store.leastRecentlyPulled(10);
        expect(marks.map((mark) => mark.repository)).toEqual([elsewhere]);
        expect((await store.listRepositories(all)).entries).toEqual(['ghcr.io/library/alpine']);
        expect(await store.findManifest(manifest.digest, 'ghcr.io')).toEqual(manifest);
        expect(await store.findManifest(manifest.digest, 'docker.io')).toBeUndefined();
      });

      test('keeps the entries that another manifest of the repository has', async () => {
        const one = imageOf('one', ['common', 'first']);
        const two = imageOf('two', ['common', 'second']);
        await store.putManifest(alpine, one.manifest, one.contents, 1);
        await store.putManifest(alpine, two.manifest, two.contents, 2);
        await store.removeManifest(alpine, one.manifest.digest);
        expect(await store.getBlobEntry(alpine, madeDigest('common'))).toBeDefined();
        expect(await store.getBlobEntry(alpine, madeDigest('first'))).toBeUndefined();
        expect(await store.isBlobNamed(madeDigest('first'))).toBe(false);
        expect(await store.isBlobNamed(madeDigest('second'))).toBe(true);
        expect((await store.listRepositories(all)).entries).toHaveLength(1);
      });

      test('the bytes go with the last repository', async () => {
        const { manifest, contents } = imageOf('one', ['layer']);
        await store.putManifest(alpine, manifest, contents, 1);
        await store.putManifest(elsewhere, manifest, contents, 1);
        await store.removeManifest(alpine, manifest.digest);
        await store.removeManifest(elsewhere, manifest.digest);
        expect(await store.findManifest(manifest.digest, 'ghcr.io')).toBeUndefined();
        expect(await store.leastRecentlyPulled(10)).toEqual([]);
        expect((await store.listRepositories(all)).entries).toEqual([]);
      });

      test('a removed manifest can be put again; removing what is not there has no effect', async () => {
        const { manifest, contents, blobs } = imageOf('one', ['layer']);
        await store.removeManifest(alpine, manifest.digest);
        await store.putManifest(alpine, manifest, contents, 1);
        await store.removeManifest(alpine, manifest.digest);
        await store.putManifest(alpine, manifest, contents, 3);
        expect(await store.getManifest(alpine, manifest.digest)).toMatchObject(manifest);
        for (const blob of blobs) {
          expect(await store.getBlobEntry(alpine, blob.digest)).toEqual(blob);
        }
      });
    });

    describe('marks', () => {
      test('the manifests pulled longest ago come first, at most as many as asked for', async () => {
        const images = ['a', 'b', 'c', 'd'].map((text) => imageOf(text, [text]));
        const times = [2_000_000_000_000, 30, 1_767_225_600_000, 4];
        for (const [index, { manifest, contents }] of images.entries()) {
          const at = times[index] ?? 0;
          await store.putManifest(index % 2 === 0 ? alpine : nested, manifest, contents, at);
        }
        const marks = await store.leastRecentlyPulled(3);
        expect(marks.map((mark) => mark.pulled)).toEqual([4, 30, 1_767_225_600_000]);
        expect(marks[0]?.repository).toEqual(nested);
      });

      test('a mark moves a manifest behind the others', async () => {
        const one = imageOf('one', ['x']);
        const two = imageOf('two', ['x']);
        await store.putManifest(alpine, one.manifest, one.contents, 1);
        await store.putManifest(alpine, two.manifest, two.contents, 2);
        await store.markPulled(alpine, one.manifest.digest, 3);
        const marks = await store.leastRecentlyPulled(10);
        expect(marks.map((mark) => mark.digest)).toEqual([one, two].reverse().map(digestOfImage));
        expect(marks[1]?.pulled).toBe(3);
      });

      test('an earlier mark than the last one has no effect', async () => {
        const { manifest, contents } = imageOf('one', ['x']);
        await store.putManifest(alpine, manifest, contents, 5);
        await store.markPulled(alpine, manifest.digest, 9);
        await store.markPulled(alpine, manifest.digest, 7);
        const marks = await store.leastRecentlyPulled(10);
        expect(marks.map(({ pulled }) => pulled)).toEqual([9]);
        expect(await store.getManifest(alpine, manifest.digest)).toMatchObject({ pulled: 9 });
      });

      test('marking a manifest that is not there has no effect', async () => {
        const { manifest, contents } = imageOf('one', ['x']);
        await store.putManifest(alpine, manifest, contents, 1);
        await store.markPulled(elsewhere, manifest.digest, 9);
        expect(await store.leastRecentlyPulled(10)).toHaveLength(1);
        expect(await store.getManifest(elsewhere, manifest.digest)).toBeUndefined();
      });
    });

    describe('what is noted of a manifest', () => {
      test('its last mark, and that all it needs is stored', async () => {
        const { manifest, contents } = imageOf('one', ['x']);
        await store.putManifest(alpine, manifest, contents, 5);
        await store.putManifest(elsewhere, manifest, contents, 6);
        const first = await store.getManifest(alpine, manifest.digest);
        expect(first).toEqual({ ...manifest, pulled: 5, complete: undefined });
        await store.markPulled(alpine, manifest.digest, 8);
        await store.markComplete(alpine, manifest.digest, 7);
        const noted = { ...manifest, pulled: 8, complete: 7 };
        expect(await store.getManifest(alpine, manifest.digest)).toEqual(noted);
        const other = await opened.reopen();
        expect(await other.getManifest(alpine, manifest.digest)).toEqual(noted);
        expect((await other.getManifest(elsewhere, manifest.digest))?.complete).toBeUndefined();
      });

      test('noting it of a manifest that is not there has no effect', async () => {
        const { manifest } = imageOf('one', ['x']);
        await store.markComplete(alpine, manifest.digest, 7);
        expect(await store.getManifest(alpine, manifest.digest)).toBeUndefined();
        expect((await store.listRepositories(all)).entries).toEqual([]);
      });
    });

    describe('where upstreams send clients', () => {
      test.each(['https://cdn/x', undefined])('is answered as it was put: %s', async (url) => {
        const digest = madeDigest('blob');
        const location = { url, expires: Date.now() + 60_000 };
        await store.putUpstreamLocation(alpine, digest, location);
        // A store that has no other instance may forget it at once.
        const found = await (await opened.reopen()).getUpstreamLocation(alpine, digest);
        expect([location, undefined]).toContainEqual(found);
      });

      test('one that expired, or of another repository, is not answered', async () => {
        const digest = madeDigest('blob');
        const expires = Date.now() + 60_000;
        await store.putUpstreamLocation(alpine, digest, { url: 'https://cdn/x', expires });
        expect(await store.getUpstreamLocation(elsewhere, digest)).toBeUndefined();
        await store.putUpstreamLocation(nested, digest, { url: 'https://cdn/x', expires: 1 });
        expect(await store.getUpstreamLocation(nested, digest)).toBeUndefined();
      });
    });

    describe('lists', () => {
      test('the catalogue holds repositories with a manifest, in order, in pages', async () => {
        const repositories = [elsewhere, nested, alpine, dashed];
        const { manifest, contents } = imageOf('one', ['x']);
        for (const one of repositories) await store.putManifest(one, manifest, contents, 1);
        await store.putTag({ registry: 'quay.io', name: 'only/tagged' }, '1', tagRecord('a', 1));
        const names = repositories.map(({ registry, name: path }) => `${registry}/${path}`).sort();
        expect(await store.listRepositories(all)).toEqual({ entries: names, next: undefined });
        const first = await store.listRepositories({ limit: 3, last: undefined });
        expect(first).toEqual({ entries: names.slice(0, 3), next: names[2] });
        const rest = await store.listRepositories({ limit: 3, last: names[2] });
        expect(rest).toEqual({ entries: names.slice(3), next: undefined });
        const none = await store.listRepositories({ limit: 0, last: undefined });
        expect(none).toEqual({ entries: [], next: undefined });
      });

      test('the catalogue of one registry', async () => {
        const { manifest, contents } = imageOf('one', ['x']);
        const ported = { registry: 'docker.io:5000', name: 'x' };
        for (const one of [elsewhere, alpine, ported, dashed]) {
          await store.putManifest(one, manifest, contents, 1);
        }
        const mine = ['docker.io/library/alpine', 'docker.io/library/alpine-git'];
        expect((await store.listRepositories(all, 'docker.io')).entries).toEqual(mine);
        const goOn = (last: string) => store.listRepositories({ limit: 9, last }, 'docker.io');
        expect((await goOn('a')).entries).toEqual(mine);
        expect((await goOn('docker.io/library/alpine')).entries).toEqual(mine.slice(1));
        expect((await goOn('quay.io')).entries).toEqual([]);
      });

      test('lists of tags and of referrers are kept as they were put last', async () => {
        const subject = madeDigest('subject');
        const referrer = {
          mediaType: 'm',
          digest: madeDigest('r'),
          size: 3,
          artifactType: 'sbom',
          annotations: { created: '2026' },
          platform: { os: 'linux', architecture: 'arm64', 'os.features': ['a'] },
          data: 'e30=',
        };
        expect(await store.getTagList(alpine)).toBeUndefined();
        expect(await store.getReferrers(alpine, subject)).toBeUndefined();
        const list = { manifests: [referrer], annotations: { source: 'up' }, checked: 3 };
        await store.putTagList(alpine, { tags: ['b', 'a'], checked: 1 });
        await store.putTagList(alpine, { tags: ['c'], checked: 2 });
        await store.putReferrers(alpine, subject, list);
        expect(await store.getTagList(alpine)).toEqual({ tags: ['c'], checked: 2 });
        expect(await store.getReferrers(alpine, subject)).toEqual(list);
        expect(await store.getTagList(elsewhere)).toBeUndefined();
        expect(await store.getReferrers(elsewhere, subject)).toBeUndefined();
      });

      test('an empty list is not stored, and removes the stored one', async () => {
        const subject = madeDigest('subject');
        const referrer = { mediaType: 'm', digest: madeDigest('r'), size: 3 };
        const putEmpty = async () => {
          await store.putTagList(alpine, { tags: [], checked: 2 });
          await store.putReferrers(alpine, subject, { manifests: [], checked: 2 });
          expect(await store.getTagList(alpine)).toBeUndefined();
          expect(await store.getReferrers(alpine, subject)).toBeUndefined();
        };
        await putEmpty();
        await store.putTagList(alpine, { tags: ['a'], checked: 1 });
        await store.putReferrers(alpine, subject, { manifests: [referrer], checked: 1 });
        await putEmpty();
      });

      test('lists are dropped with the last manifest of their repository', async () => {
        const [one, two] = ['one', 'two'].map((text) => imageOf(text, [text]));
        if (one === undefined || two === undefined) throw new Error('there are two');
        const subject = madeDigest('subject');
        const list = { manifests: [{ mediaType: 'm', digest: subject, size: 3 }], checked: 1 };
        for (const repository of [alpine, dashed, nested]) {
          for (const { manifest, contents } of [one, two]) {
            await store.putManifest(repository, manifest, contents, 1);
          }
          await store.putTagList(repository, { tags: ['a'], checked: 1 });
          await store.putReferrers(repository, subject, list);
        }
        await store.removeManifest(alpine, one.manifest.digest);
        expect(await store.getTagList(alpine)).toBeDefined();
        expect(await store.getReferrers(alpine, subject)).toBeDefined();
        await store.removeManifest(alpine, two.manifest.digest);
        expect(await store.getTagList(alpine)).toBeUndefined();
        expect(await store.getReferrers(alpine, subject)).toBeUndefined();
        for (const repository of [dashed, nested]) {
          expect(await store.getTagList(repository)).toBeDefined();
          expect(await store.getReferrers(repository, subject)).toBeDefined();
        }
      });
    });

    describeTagStates(() => opened);
    describeAuditLog(() => opened);
    describePreviousVersion(() => opened);

    test('everything is there for another instance', async () => {
      const { manifest, contents, blobs } = imageOf('one', ['layer']);
      await store.putManifest(alpine, manifest, contents, 7);
      await store.putTag(alpine, '3', tagRecord('a', 10));
      await store.putTagList(alpine, { tags: ['3'], checked: 1 });
      const again = await opened.reopen();
      expect(await again.getManifest(alpine, manifest.digest)).toMatchObject(manifest);
      expect(await again.getTag(alpine, '3')).toEqual(tagRecord('a', 10));
      expect(await again.getTagList(alpine)).toEqual({ tags: ['3'], checked: 1 });
      for (const { digest } of blobs) expect(await again.isBlobNamed(digest)).toBe(true);
      expect(await again.leastRecentlyPulled(10)).toHaveLength(1);
    });
  });
}

function digestOfImage({ manifest }: ReturnType<typeof imageOf>) {
  return manifest.digest;
}
