import { repositoryKey } from '../../core/oci/repository.ts';
import type { FillJob } from '../../core/ports/fill-queue.ts';
import { type FillQueueOptions, type FillTable, MemoryFillQueue } from '../../memory/fill-queue.ts';
import type { IndexDatabase } from './database.ts';

/** The fill queue of one process. Its jobs are rows of the index until they are done. */
export class PersistentFillQueue extends MemoryFillQueue {
  constructor(index: Pick<IndexDatabase, 'fills' | 'write'>, options: FillQueueOptions) {
    const unfinished = Array.from(index.fills.getRange({}), ({ value }) => value);
    super(options, tableOf(index), unfinished);
  }
}

function tableOf({ fills, write }: Pick<IndexDatabase, 'fills' | 'write'>): FillTable {
  return {
    put: (added) =>
      write(() => {
        for (const fill of added) void fills.put(rowOf(fill.job), fill);
      }),
    remove: (job) => write(() => void fills.remove(rowOf(job))),
  };
}

function rowOf(job: FillJob): [string, string] {
  return [repositoryKey(job.repository), job.blob.digest];
}
