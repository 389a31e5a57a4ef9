import { StoreBusy } from '../../core/ports/leases.ts';

/**
 * The result of a statement of D1, which runs one after another and refuses those that would have to
 * wait too long: these reject with StoreBusy.
 */
export async function busyIfOverloaded<Result>(running: Promise<Result>): Promise<Result> {
  try {
    return await running;
  } catch (error) {
    const isOverloaded = error instanceof Error && error.message.includes('D1 DB is overloaded');
    throw isOverloaded ? new StoreBusy(error.message, { cause: error }) : error;
  }
}
