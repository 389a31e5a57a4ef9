import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { configJsonSchema } from '../../../../functions/core/config/parse-config.ts';

test('the published JSON Schema is current: else run npm run schema', async () => {
  const file = new URL('../../../../infra/pullfront.schema.json', import.meta.url);
  const published: unknown = JSON.parse(await readFile(file, 'utf8'));
  expect(published).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
});
