import { repositoryKey } from '../../core/oci/repository.ts';
import type { FillJob } from '../../core/ports/fill-queue.ts';

/** The jobs that can be handled now, of each registry in the order in which they came. */
export class ReadyFills {
  readonly #jobs = new Map<string, Map<string, FillJob>>();

  /** Without effect when it is there. */
  add(job: FillJob): void {
    const { registry } = job.repository;
    const jobs = this.#jobs.get(registry) ?? new Map<string, FillJob>();
    this.#jobs.set(registry, jobs.set(`${repositoryKey(job.repository)}@${job.blob.digest}`, job));
  }

  /** The registries that have a job, in the order in which they came. */
  registries(): readonly string[] {
    return [...this.#jobs.keys()];
  }

  /** Takes out the first job of a registry. */
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
