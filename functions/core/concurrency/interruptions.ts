/** What interrupts waits, so that they look at their deadline again. */
export class Interruptions {
  readonly #waiting = new Set<() => void>();

  interrupt(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Resolves when `interrupt` is called, or `late` after some ms; without a time, never that. */
  async next<Result>(
    milliseconds: number | undefined,
    work?: Promise<Result>,
  ): Promise<{ readonly value: Result } | 'interrupted' | 'late'> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let wake: () => void = () => undefined;
    const interruption = new Promise<'interrupted' | 'late'>((resolve) => {
      wake = () => resolve('interrupted');
      this.#waiting.add(wake);
      if (milliseconds === undefined) return;
      timer = setTimeout(() => resolve('late'), Math.max(0, milliseconds));
    });
    try {
      if (work === undefined) return await interruption;
      return await Promise.race([work.then((value) => ({ value })), interruption]);
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(wake);
    }
  }
}

/**
 * Waits for work until a deadline (ms since 1970, or undefined for none) that changes meanwhile. Looks at
 * it again when interrupted and when it passes; if it is unchanged then, the result is `late`.
 */
export async function untilDeadline<Result>(
  work: Promise<Result>,
  deadlineNow: () => number | undefined,
  interruptions: Interruptions,
  now: () => number,
): Promise<{ readonly value: Result } | 'late'> {
  let deadline = deadlineNow();
  for (;;) {
    const left = deadline === undefined ? undefined : deadline - now();
    const end = await interruptions.next(left, work);
    if (end !== 'interrupted' && end !== 'late') return end;
    const before = deadline;
    deadline = deadlineNow();
    if (end === 'late' && deadline === before) return 'late';
  }
}
