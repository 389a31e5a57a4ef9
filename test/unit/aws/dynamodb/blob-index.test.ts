import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DynamoDbBlobIndex } from '../../../../functions/aws/dynamodb/blob-index.ts';
import type { Item } from '../../../../functions/aws/dynamodb/item.ts';
import { foldRows } from '../../../../functions/aws/dynamodb/late-counts.ts';
import { transact } from '../../../../functions/aws/dynamodb/transaction.ts';
import { BucketRecount } from '../../../../functions/core/bucket/recount.ts';
import type { StoredBlob } from '../../../../functions/core/ports/blob-store.ts';
import { StoreBusy } from '../../../../functions/core/ports/leases.ts';
import { type OpenedDynamoDb, openDynamoDb } from '../../../standins/dynamodb/open-dynamodb.ts';
import { known } from '../../core/mirror/scripted-upstream.ts';

const week = 7 * 86_400_000;
const began = Date.now();

/** Blobs of two parts, the first two of one. */
const blobs = ['a1', 'a2', 'b1'].map((start, at): StoredBlob => {
  const digest = known(`sha256:${start.padEnd(64, '0')}`);
  return { digest, size: 100 * (at + 1), stored: began };
});
const [first, second, third] = blobs as [StoredBlob, StoredBlob, StoredBlob];

let opened: OpenedDynamoDb;
let index: DynamoDbBlobIndex;
beforeEach(async () => {
  opened = await openDynamoDb();
  index = new DynamoDbBlobIndex(opened.table);
});
afterEach(() => opened.close());

const isWrite = (action: string) => action === 'TransactWriteItems';

/** From now on the first answers to writes are lost, after DynamoDB carried the writes out. */
function loseAnswers(count = 1): void {
  let left = count;
  opened.proxy.answerBy(({ action }) => {
    if (!isWrite(action) || left === 0) return undefined;
    left -= 1;
    return 'cut-after';
  });
}

/** Puts an item that no code of ours would write. */
async function tamper(sk: string, change: string, bytes: number): Promise<void> {
  await opened.another().update(
    { pk: 'blobs', sk },
    {
      update: change,
      values: { ':bytes': { N: String(bytes) } },
    },
  );
}

describe('the bytes of all blobs', () => {
  test('are counted once when the answer of a put is lost', async () => {
    loseAnswers();
    await index.put(first);
    expect(await index.used()).toBe(100);
  });

  test('are counted once when every answer of a put is lost, and it is made again', async () => {
    loseAnswers(100);
    await expect(index.put(first)).rejects.toThrow();
    loseAnswers(0);
    await index.put(first);
    expect(await index.used()).toBe(100);
  });

  test('change once when the answers of a condemnation and a restoration are lost', async () => {
    await index.put(first);
    await index.put(second);
    loseAnswers();
    expect(await index.condemn(first.digest, 1000)).toEqual(first);
    expect(await index.used()).toBe(200);
    loseAnswers();
    expect(await index.restore(first.digest)).toBe(true);
    expect(await index.used()).toBe(300);
    expect(await index.condemnedBefore(2000, 10)).toEqual([]);
  });

  test('do not change with a write that is refused for good', async () => {
    const body = { __type: 'com.amazonaws.dynamodb.v20120810#ThrottlingException' };
    opened.proxy.answerBy(({ action }) => (isWrite(action) ? { status: 400, body } : undefined));
    await expect(index.put(first)).rejects.toThrow(StoreBusy);
    expect(await index.get(first.digest)).toBeUndefined();
    expect(await index.used()).toBe(0);
  });

  test('are right after many writers at once, whose transactions conflict', async () => {
    let conflicts = 0;
    opened.proxy.answerBy(({ action }) => {
      if (!isWrite(action) || conflicts === 3) return undefined;
      conflicts += 1;
      const CancellationReasons = [{ Code: 'None' }, { Code: 'TransactionConflict' }];
      const __type = 'com.amazonaws.dynamodb.v20120810#TransactionCanceledException';
      return { status: 400, body: { __type, CancellationReasons } };
    });
    const writers = Array.from({ length: 5 }, () => index.put(first));
    await Promise.all([...writers, index.put(second), index.put(third)]);
    expect(conflicts).toBe(3);
    expect(await index.used()).toBe(600);
  });

  test('change in one call with the blob', async () => {
    expect(await opened.proxy.during(() => index.put(first))).toEqual(['TransactWriteItems']);
    const condemning = () => index.condemn(first.digest, 1000);
    expect(await opened.proxy.during(condemning)).toEqual(['GetItem', 'TransactWriteItems']);
    expect(await opened.proxy.during(() => index.used())).toEqual(['Query']);
  });
});

describe('blobs that are counted together', () => {
  const putAll = () => Promise.all(blobs.map((blob) => index.put(blob, true)));

  test('take one write each, and one more for the count', async () => {
    const puts = ['PutItem', 'PutItem', 'PutItem'];
    expect(await opened.proxy.during(putAll)).toEqual(puts);
    expect(await opened.proxy.during(() => index.countLate())).toEqual(['PutItem']);
    expect(await opened.proxy.during(() => index.countLate())).toEqual([]);
    expect(await new DynamoDbBlobIndex(opened.another()).used()).toBe(600);
  });

  test('are counted before this process reads the sum', async () => {
    await putAll();
    expect(await index.used()).toBe(600);
  });

  test('are counted once when every other answer is lost', async () => {
    let calls = 0;
    opened.proxy.answerBy(({ action }) => {
      calls += 1;
      return action === 'PutItem' && calls % 2 === 1 ? 'cut-after' : undefined;
    });
    for (const blob of blobs) await index.put(blob, true);
    await index.countLate();
    expect(calls).toBe(8);
    expect(await index.used()).toBe(600);
  });

  test('are counted by the next call when the row was not written', async () => {
    await putAll();
    const body = { __type: 'com.amazonaws.dynamodb.v20120810#InternalServerError' };
    opened.proxy.answerBy(() => ({ status: 500, body }));
    await expect(index.countLate()).rejects.toThrow();
    opened.proxy.answerBy(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 2100));
    await index.countLate();
    expect(await new DynamoDbBlobIndex(opened.another()).used()).toBe(600);
  });

  test('are counted by the instance that put them, if many put the same', async () => {
    const others = Array.from({ length: 4 }, () => new DynamoDbBlobIndex(opened.another()));
    await Promise.all([index, ...others].map((one) => one.put(first, true)));
    await Promise.all([index, ...others].map((one) => one.countLate()));
    expect(await index.used()).toBe(100);
  });

  test('are condemned and restored as ever', async () => {
    await putAll();
    await index.countLate();
    expect(await index.condemn(first.digest, 1000)).toEqual(first);
    expect(await index.used()).toBe(500);
    await index.put(first, true);
    expect(await index.used()).toBe(600);
    expect(await index.get(first.digest)).toMatchObject({ condemned: undefined });
  });

  test('leave few rows behind: they are added to the parts, once', async () => {
    const items = async () => {
      const found: Item[] = [];
      for await (const page of opened.another().pages({ pk: 'blobs' })) found.push(...page);
      return found;
    };
    let sum = 0;
    for (let at = 0; at < 40; at++) {
      const digest = known(`sha256:${at.toString(16).padStart(2, '0').padEnd(64, '0')}`);
      await index.put({ digest, size: at, stored: began }, true);
      await index.countLate();
      sum += at;
    }
    const rows = await items();
    expect(rows).toHaveLength(40);
    expect(await index.used()).toBe(sum);
    const parts = await items();
    expect(parts).toHaveLength(3);
    // Another instance that read the rows before.
    const keyOfPart = (part: string) => ({ pk: 'blobs', sk: `used#${part}` });
    await foldRows(opened.another(), rows, keyOfPart, began);
    expect(await items()).toEqual(parts);
    expect(await index.used()).toBe(sum);
  });

  test('are in the counts that are corrected, also if they are counted meanwhile', async () => {
    await putAll();
    await index.countLate();
    const counts = await index.counts();
    expect(counts.map(({ part, added, changes }) => [part, added, changes])).toEqual([
      ['sha256:a', 300, 2],
      ['sha256:b', 300, 1],
    ]);
    const [a, b] = counts;
    if (a === undefined || b === undefined) throw new Error('no counts');
    const digest = known(`sha256:${'a3'.padEnd(64, '0')}`);
    await index.put({ digest, size: 7, stored: began }, true);
    await index.countLate();
    await index.correct(a, 1, began);
    await index.correct(b, 200, began);
    expect(await index.used()).toBe(507);
  });
});

describe('a recount', () => {
  let now = began;
  const stored = new Map<string, StoredBlob>();
  const hasTime = async () => true;

  beforeEach(async () => {
    now = began;
    stored.clear();
    for (const blob of blobs) {
      await index.put(blob);
      stored.set(blob.digest, blob);
    }
  });

  const open = () =>
    new BucketRecount({
      index,
      now: () => now,
      async *listPart(part) {
        for (const blob of stored.values()) if (blob.digest.startsWith(part)) yield blob;
      },
    });

  test('corrects counts after a week, part by part', async () => {
    await tamper('used#sha256:a', 'ADD #added :bytes', 5000);
    expect(await index.used()).toBe(5600);
    const recount = open();
    expect(await recount.isDue()).toBe(false);
    now += week + 1;
    expect(await recount.isDue()).toBe(true);
    await recount.run(hasTime);
    expect(await index.used()).toBe(600);
    await index.condemn(first.digest, now);
    expect(await index.used()).toBe(500);
    now += week - 1;
    expect(await open().isDue()).toBe(false);
  });

  test('of a part that changes meanwhile is left to the next', async () => {
    await tamper('used#sha256:a', 'ADD #added :bytes', 5000);
    now += week + 1;
    const late = { digest: known(`sha256:${'a3'.padEnd(64, '0')}`), size: 7, stored: now };
    let puts = 0;
    const recount = new BucketRecount({
      index,
      now: () => now,
      async *listPart(part) {
        yield* blobs.filter(({ digest }) => digest.startsWith(part));
        if (part !== 'sha256:a') return;
        puts += 1;
        await index.put(late);
      },
    });
    await recount.run(hasTime);
    expect(puts).toBe(1);
    expect(await index.used()).toBe(5607);
    stored.set(late.digest, late);
    await open().run(hasTime);
    expect(await index.used()).toBe(607);
  });

  test('ends with its time, and the next one continues', async () => {
    await tamper('used#sha256:b', 'ADD #added :bytes', 5000);
    now += week + 1;
    let times = 1;
    await open().run(async () => times-- > 0);
    expect(await index.used()).toBe(5600);
    await open().run(hasTime);
    expect(await index.used()).toBe(600);
  });

  test('asks the table once an hour whether it is due', async () => {
    const recount = open();
    await recount.isDue();
    expect(await opened.proxy.during(() => recount.isDue())).toEqual([]);
    now += 3_600_000;
    expect(await opened.proxy.during(() => recount.isDue())).toEqual(['Query']);
  });

  test('replaces the sum of an earlier version', async () => {
    await transact(opened.table, [{ put: { pk: { S: 'blobs' }, sk: { S: 'used' } } }]);
    await tamper('used', 'SET #bytes = :bytes', 9000);
    // The earlier version counted the blobs in its own sum, and put two of them.
    await opened.table.remove({ pk: 'blobs', sk: 'used#sha256:a' });
    expect(await index.used()).toBe(9300);
    const recount = open();
    expect(await recount.isDue()).toBe(true);
    await recount.run(hasTime);
    expect(await index.used()).toBe(600);
    await index.condemn(third.digest, now);
    expect(await index.used()).toBe(300);
  });
});
