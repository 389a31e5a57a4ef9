import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A process that runs until it is ended. */
export interface Daemon {
  readonly pid: number;
  readonly process: ChildProcess;
  /** The end of what it wrote to standard error. */
  errors(): string;
  /** Ends it by SIGTERM, after ten seconds by SIGKILL; resolves when it is gone. */
  end(): Promise<void>;
}

/** The temporary folder and the processes of one run; nothing of either survives the run. */
export class Workspace {
  readonly #root = mkdtempSync(join(tmpdir(), 'pullfront-bench-'));
  readonly #daemons = new Set<Daemon>();
  readonly #programs = new Set<ChildProcess>();

  constructor() {
    // Also reached by Ctrl-C and after an uncaught error; only synchronous work is done there.
    process.once('exit', () => {
      for (const one of this.#daemons) one.process.kill('SIGKILL');
      for (const one of this.#programs) one.kill('SIGKILL');
      rmSync(this.#root, { recursive: true, force: true, maxRetries: 5 });
    });
  }

  /** A new empty folder. */
  folder(name: string): Promise<string> {
    return mkdtemp(join(this.#root, `${name}-`));
  }

  /** Removes a folder made here. */
  async remove(folder: string): Promise<void> {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Runs a program to its end and gives its standard output; throws if it fails. */
  run(command: string, args: readonly string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      const child = execFile(command, args, (error, output, errors) => {
        this.#programs.delete(child);
        if (error === null) resolve(output);
        else reject(new Error(`${command}: ${errors.trim() || error.message}`));
      });
      this.#programs.add(child);
    });
  }

  /** Starts a program; its standard output is a pipe only if `output` is set. */
  start(command: string, args: readonly string[], output: 'pipe' | 'ignore' = 'ignore'): Daemon {
    const child = spawn(command, args, { stdio: ['ignore', output, 'pipe'] });
    let errors = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      errors = `${errors}${chunk.toString()}`.slice(-4000);
    });
    const gone = new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', (error) => {
        errors += String(error);
        resolve();
      });
    });
    const daemon: Daemon = {
      pid: child.pid ?? 0,
      process: child,
      errors: () => errors.trim(),
      end: async () => {
        child.kill('SIGTERM');
        const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
        await gone;
        clearTimeout(late);
        this.#daemons.delete(daemon);
      },
    };
    this.#daemons.add(daemon);
    return daemon;
  }

  /** Ends every process and removes every folder. */
  async end(): Promise<void> {
    await Promise.all([...this.#daemons].map((one) => one.end()));
    await this.remove(this.#root);
  }
}
