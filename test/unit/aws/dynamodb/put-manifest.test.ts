import { expect, test } from 'vitest';
import type { LargeManifests } from '../../../../functions/aws/dynamodb/manifest-item.ts';
import { putManifest } from '../../../../functions/aws/dynamodb/put-manifest.ts';
import type { DynamoDbTable } from '../../../../functions/aws/dynamodb/table.ts';
import { imageOf } from '../../../contract/made-content.ts';

test('a manifest that is put and removed again and again is given up', async () => {
  let puts = 0;
  const table = {
    // It is never there when it is read, and always when it is written.
    get: async () => undefined,
    put: async (_: unknown, options?: object) => {
      if (options === undefined) return { kind: 'written' };
      puts += 1;
      return { kind: 'refused' };
    },
    writeBatch: async () => [],
  };
  const { manifest, contents } = imageOf('an image', ['a']);
  const toPut = { repository: 'docker.io/library/app', manifest, contents, pulled: 1 };
  const put = putManifest(table as unknown as DynamoDbTable, {} as LargeManifests, toPut);
  await expect(put).rejects.toMatchObject({ code: 'Contended' });
  expect(puts).toBe(8);
});
