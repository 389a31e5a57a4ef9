import { StoreBusy } from '../../core/ports/leases.ts';

/** Rejects with StoreBusy if D1 refused a statement because too many are waiting. */
export async function busyIfOverloaded<Result>(running: Promise<Result>): Promise<Result> {
  try {
    return await running;
  } catch (error) {
    const isOverloaded = error instanceof Error && error.message.includes('D1 DB is overloaded');
    throw isOverloaded ? new StoreBusy(error.message, { cause: error }) : error;
  }
}
