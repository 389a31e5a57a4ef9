import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const bundle = fileURLToPath(new URL('../../dist/pullfront.js', import.meta.url));

const running = new Set<ChildProcess>();

// A test that is cut short must not leave a program behind.
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** The built program in a process of its own, and what it printed. */
export class Program {
  readonly child: ChildProcess;
  out = '';
  err = '';

  /** `output` is a descriptor for its standard output; without it, `out` is what it printed. */
  constructor(
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    output: number | 'pipe' = 'pipe',
  ) {
    this.child = spawn(process.execPath, [bundle, ...args], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', output, 'pipe'],
    });
    const { child } = this;
    running.add(child);
    child.once('exit', () => running.delete(child));
    child.stdout?.on('data', (chunk: Buffer) => {
      this.out += chunk;
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      this.err += chunk;
    });
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** The exit code, or the signal that ended it. */
  async end(): Promise<number | NodeJS.Signals | null> {
    const { child } = this;
    if (this.hasEnded) return child.exitCode ?? child.signalCode;
    const [code, signal] = await once(child, 'close');
    return code ?? signal;
  }

  /** Resolves when it has said something on its standard error. */
  async says(text: string): Promise<void> {
    while (!this.err.includes(text)) {
      if (this.hasEnded) throw new Error(`it ended: ${this.err}`);
      await Promise.race([once(this.child.stderr ?? this.child, 'data'), once(this.child, 'exit')]);
    }
  }

  /** The URL it listens on, once it does. */
  async url(): Promise<string> {
    await this.says('[[registry.mirror]]');
    return /^ {2}URL {4}(\S+)$/m.exec(this.err)?.[1] ?? '';
  }
}

/** Runs the program to its end. */
export async function run(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<{ code: unknown; out: string; err: string }> {
  const program = new Program(args, environment);
  const code = await program.end();
  return { code, out: program.out, err: program.err };
}
