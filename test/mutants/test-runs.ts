import type { Mutant } from './mutations.ts';
import { testsNear } from './nearest-tests.ts';
import type { WorkingCopy } from './working-copy.ts';

export const survived = 'SURVIVED';
export const tooSlow = 'noticed: the tests do not end';

/** Runs the tests of mutants, without those that fail without a fault too. */
export class TestRuns {
  readonly #copy: Pick<WorkingCopy, 'check' | 'run'>;
  readonly #boundMs: number;
  readonly #passing = new Set<string>();
  readonly #failing = new Set<string>();

  /** `boundMs` is for one run of the tests of a mutant. */
  constructor(copy: Pick<WorkingCopy, 'check' | 'run'>, boundMs: number) {
    this.#copy = copy;
    this.#boundMs = boundMs;
  }

  /** Runs the tests of a mutant, the nearest first; says what became of it. */
  async fateOf(mutant: Mutant): Promise<string> {
    for (const group of testsNear(mutant.file)) {
      for (;;) {
        const tests = group.filter((test) => !this.#failing.has(test));
        if (tests.length === 0) break;
        const { is, failed } = await this.#copy.run(tests, this.#boundMs, mutant);
        if (is === 'too slow') return tooSlow;
        if (is === 'passed') break;
        if (failed.length === 0) return 'noticed by an error outside of the tests';
        if (await this.#passAlone(failed)) return `noticed by ${failed.join(', ')}`;
      }
    }
    return survived;
  }

  /** True if tests pass without a fault; those that fail twice are left out from now on. */
  async #passAlone(tests: readonly string[]): Promise<boolean> {
    const unknown = tests.filter((test) => !this.#passing.has(test));
    if (unknown.length === 0) return true;
    let failed = await this.#failedAlone(unknown);
    // A busy machine can fail a test once.
    if (failed.length > 0) failed = await this.#failedAlone(failed);
    for (const test of unknown) (failed.includes(test) ? this.#failing : this.#passing).add(test);
    for (const test of failed) console.log(`left out, because it fails without a fault: ${test}`);
    return failed.length === 0;
  }

  async #failedAlone(tests: readonly string[]): Promise<readonly string[]> {
    const { is, failed } = await this.#copy.check(tests);
    if (is === 'too slow' || (is === 'failed' && failed.length === 0)) {
      throw new Error(`without a fault, these tests do not end: ${tests.join(', ')}`);
    }
    return failed;
  }
}
