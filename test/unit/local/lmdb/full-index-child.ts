import { openIndexDatabase } from '../../../../functions/local/lmdb/database.ts';

/**
 * A process that may write small files only, and fills the index until it is refused: says what was
 * refused, whether what was written before is still there, and what nobody caught.
 */
async function run(folder: string): Promise<void> {
  const uncaught: string[] = [];
  process.on('unhandledRejection', (reason) => uncaught.push(String(reason)));
  const index = openIndexDatabase(folder);
  await index.write(() => void index.catalogue.put('before', 1));
  const refused = new Set<string>();
  for (let round = 0; round < 20; round++) {
    const tags = ['x'.repeat(50_000)];
    const steps = Array.from({ length: 20 }, (_, at) =>
      index.write(() => void index.tagLists.put(`${round}/${at}`, { tags, checked: 1 })),
    );
    for (const { reason } of (await Promise.allSettled(steps)).filter(isRejected)) {
      refused.add(String(reason));
    }
    // A turn for what nobody caught.
    await new Promise((wake) => setImmediate(wake));
  }
  const before = index.catalogue.get('before');
  await index.close().catch(() => undefined);
  console.log(JSON.stringify({ refused: [...refused], before, uncaught }));
}

function isRejected(result: PromiseSettledResult<void>): result is PromiseRejectedResult {
  return result.status === 'rejected';
}

await run(process.argv[2] ?? '');
