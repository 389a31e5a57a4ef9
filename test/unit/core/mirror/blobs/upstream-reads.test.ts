import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BlobOutcome } from '../../../../../functions/core/mirror/mirror.ts';
import { makeImage } from '../../../../standins/images/image.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { clientOf } from '../../clients/any-clients.ts';
import { FedBody } from '../fed-body.ts';
import { type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';
import { known } from '../scripted-upstream.ts';

const layers = ['a', 'b', 'c'].map((name) => randomLayer(name, 9_000_000));
const image = makeImage({ layers });
const [first, second, third] = layers.map(({ digest }) => known(digest)) as [
  ReturnType<typeof known>,
  ReturnType<typeof known>,
  ReturnType<typeof known>,
];

let test: MirrorUnderTest;
let opened: BlobOutcome[];

beforeEach(async () => {
  opened = [];
  test = await openMirror();
  test.upstream.add('library/app', image, '1');
  await test.tag('library/app', '1');
  test.upstream.body = begun;
});
afterEach(async () => {
  await Promise.all(opened.map(leave));
  await test.close();
});

/** A body of which the first byte has arrived. */
function begun(): FedBody['reader'] {
  const body = new FedBody();
  void body.give(new Uint8Array(1));
  return body.reader;
}

async function leave(outcome: BlobOutcome | undefined): Promise<void> {
  if (outcome?.kind !== 'stream' || !(outcome.body instanceof ReadableStream)) return;
  if (!outcome.body.locked) await outcome.body.cancel();
}

/** Requests the end of a blob, of which nothing has arrived yet. */
async function readEnd(digest: typeof first, client?: string): Promise<BlobOutcome> {
  const range = { kind: 'suffix', length: 100 } as const;
  const repository = { registry: 'docker.io', name: 'library/app' };
  const outcome = await test.mirror
    .repository(repository, { client: client === undefined ? undefined : clientOf(client) })
    .locateBlob(digest, 'GET', range);
  opened.push(outcome);
  return outcome;
}

/** How many requests the upstream got for a blob, including that of its fill. */
const requests = () => test.upstream.count('GET blob');

describe('ranges far ahead of a fill', () => {
  it('open eight connections to the upstream per blob, and then follow the fill', async () => {
    for (let at = 0; at < 12; at++) expect((await readEnd(first)).kind).toBe('stream');
    expect(requests()).toBe(1 + 8);
    await leave(opened[0]);
    await readEnd(first);
    expect(requests()).toBe(1 + 9);
  });

  it('open sixteen for one client, and leave the others theirs', async () => {
    for (const digest of [first, second, third]) {
      for (let at = 0; at < 7; at++) {
        expect((await readEnd(digest, '10.0.0.1')).kind).toBe('stream');
      }
    }
    expect(requests()).toBe(3 + 16);
    await readEnd(third, '10.0.0.2');
    expect(requests()).toBe(3 + 17);
  });

  it('count no more once they failed', async () => {
    const { body } = test.upstream;
    for (let at = 0; at < 10; at++) {
      test.upstream.body = ({ start }) => {
        if (start > 0) throw new Error('no connection');
        return begun();
      };
      expect((await readEnd(first)).kind).toBe('unobtainable');
    }
    test.upstream.body = body;
    const before = requests();
    await readEnd(first);
    expect(requests()).toBe(before + 1);
  });
});

describe('blobs that are passed through', () => {
  it('leave half of the connections of a registry to other clients', async () => {
    await test.close();
    test = await openMirror({ limits: { maxBlobBytes: 1000 } });
    test.upstream.add('library/app', image, '1');
    await test.tag('library/app', '1');
    test.upstream.body = begun;
    for (let at = 0; at < 256; at++) {
      expect((await readEnd(first, '10.0.0.1')).kind).toBe('stream');
    }
    const refused = await readEnd(first, '10.0.0.1');
    expect(refused).toMatchObject({ kind: 'unobtainable', error: { kind: 'limited' } });
    expect((await readEnd(first, '10.0.0.2')).kind).toBe('stream');
    await leave(opened[0]);
    expect((await readEnd(first, '10.0.0.1')).kind).toBe('stream');
  });
});
