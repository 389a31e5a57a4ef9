import { expect, test } from 'vitest';
import { madeDigest } from '../../../contract/made-content.ts';
import { sharedWorkerd } from '../../../standins/workerd/shared-workerd.ts';

const { told } = sharedWorkerd();

test('the bytes of all blobs change once with a blob whose batch is sent again after a lost answer', async () => {
  const statements = await told().statements();
  const digest = madeDigest('a blob');
  const list = JSON.stringify([{ digest, size: 100, stored: 1 }]);
  const twice = async (...steps: readonly [name: string, ...values: unknown[]][]) => {
    for (let sent = 0; sent < 2; sent++) {
      await told().run(steps.map(([name, ...values]) => ({ sql: statements[name] ?? '', values })));
    }
    const [rows = []] = await told().run([{ sql: statements.usedBytes ?? '' }]);
    return rows[0]?.bytes;
  };
  expect(await twice(['addToUsed', list], ['addBlobs', list])).toBe(100);
  const digests = JSON.stringify([digest]);
  expect(await twice(['takeFromUsed', digests], ['condemnBlob', digest, 1000])).toBe(0);
  expect(await twice(['returnToUsed', digest], ['restoreBlob', digest])).toBe(100);
});
