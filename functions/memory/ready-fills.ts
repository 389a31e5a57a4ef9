import { repositoryKey } from '../core/oci/repository.ts';
import type { FillJob } from '../core/ports/fill-queue.ts';

/** Jobs with the same id are for the same blob of a repository. */
export function idOf(job: FillJob): string {
  return `${repositoryKey(job.repository)}@${job.blob.digest}`;
}

/** The jobs that are due, by registry, in the order in which they were queued. */
export class ReadyFills {
  readonly #jobs = new Map<string, Map<string, FillJob>>();

  /** Has no effect if the job is already there. */
  add(job: FillJob): void {
    const jobs = this.#jobs.get(job.repository.registry) ?? new Map<string, FillJob>();
    this.#jobs.set(job.repository.registry, jobs.set(idOf(job), job));
  }

  /** The registries with due jobs. */
  registries(): readonly string[] {
    return [...this.#jobs.keys()];
  }

  /** Removes and returns the first job of a registry. */
  take(registry: string): FillJob | undefined {
    const jobs = this.#jobs.get(registry);
    for (const [id, job] of jobs ?? []) {
      jobs?.delete(id);
      if (jobs?.size === 0) this.#jobs.delete(registry);
      return job;
    }
    return undefined;
  }
}
