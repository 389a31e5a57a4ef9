import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { root } from '../architecture/modules.ts';
import type { Mutant } from './mutations.ts';

export interface Outcome {
  readonly is: 'passed' | 'failed' | 'too slow';
  /** The test files that failed, as paths from the root. */
  readonly failed: readonly string[];
}

/** What tests read of the project; its packages are linked. */
const parts = ['functions', 'infra', 'scripts', 'test', 'package.json', 'tsconfig.json'];

/** A test that waits for what a mutant never does fails after this; a passing one needs seconds. */
const testTimeoutMs = 20_000;

/** All tests that a run needs, once. */
const checkBoundMs = 20 * 60_000;

/** A copy of the project, in which files can be mutated: the project itself is never written to. */
export class WorkingCopy {
  readonly #folder = mkdtempSync(join(tmpdir(), 'pullfront-mutants-'));
  #running: number | undefined;

  constructor() {
    for (const part of parts) {
      cpSync(join(root, part), join(this.#folder, part), {
        recursive: true,
        filter: (path) => !/\/(?:node_modules|dist|\.install-[^/]*)$/.test(path),
      });
    }
    symlinkSync(join(root, 'node_modules'), join(this.#folder, 'node_modules'));
  }

  /** Runs test files over the product as it is, all of them. */
  check(tests: readonly string[]): Promise<Outcome> {
    return this.#vitest(tests, checkBoundMs, []);
  }

  /** Runs test files over a mutant, up to the first failure; `boundMs` is for the whole run. */
  async run(
    tests: readonly string[],
    boundMs: number,
    { file, mutation }: Mutant,
  ): Promise<Outcome> {
    const path = join(this.#folder, file);
    const source = readFileSync(path, 'utf8');
    writeFileSync(
      path,
      source.slice(0, mutation.start) + mutation.text + source.slice(mutation.end),
    );
    try {
      return await this.#vitest(tests, boundMs, ['--bail', '1']);
    } finally {
      writeFileSync(path, source);
    }
  }

  /** Ends the tests that run, and removes the copy. */
  remove(): void {
    this.#end();
    // What was ended may still be writing.
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #end(): void {
    if (this.#running === undefined) return;
    try {
      // The group: vitest's workers, and the programs that tests started.
      process.kill(-this.#running, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }

  #vitest(tests: readonly string[], boundMs: number, options: readonly string[]): Promise<Outcome> {
    const report = join(this.#folder, 'report.json');
    rmSync(report, { force: true });
    const child = spawn(
      process.execPath,
      [
        'node_modules/vitest/vitest.mjs',
        ...['run', '--config', 'test/vitest.config.ts', '--maxWorkers', '1'],
        ...['--testTimeout', String(testTimeoutMs), '--reporter', 'json', '--outputFile', report],
        ...options,
        ...tests,
      ],
      { cwd: this.#folder, detached: true, stdio: 'ignore' },
    );
    this.#running = child.pid;
    return new Promise((resolve, reject) => {
      let slow = false;
      const bound = setTimeout(() => {
        slow = true;
        this.#end();
      }, boundMs);
      child.once('error', reject);
      child.once('exit', (code) => {
        clearTimeout(bound);
        this.#end();
        this.#running = undefined;
        if (slow) resolve({ is: 'too slow', failed: [] });
        else resolve({ is: code === 0 ? 'passed' : 'failed', failed: this.#failedIn(report) });
      });
    });
  }

  #failedIn(report: string): string[] {
    if (!existsSync(report)) return [];
    const { testResults }: Report = JSON.parse(readFileSync(report, 'utf8'));
    return testResults
      .filter(({ status }) => status === 'failed')
      .map(({ name }) => relative(realpathSync(this.#folder), name));
  }
}

/** What is read of vitest's report. */
interface Report {
  readonly testResults: readonly { readonly name: string; readonly status: string }[];
}
