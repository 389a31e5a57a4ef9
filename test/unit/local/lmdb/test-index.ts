import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import {
  type IndexDatabase,
  openIndexDatabase,
} from '../../../../functions/local/lmdb/database.ts';

/** An empty index for each test of a file; what it returns is the present one. */
export function useTestIndex(): () => IndexDatabase {
  let folder: string;
  let index: IndexDatabase;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pullfront-index-'));
    index = openIndexDatabase(folder);
  });
  afterEach(async () => {
    await index.close();
    await rm(folder, { recursive: true, force: true });
  });
  return () => index;
}
