import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RestartableMirror } from './mirror.ts';

const program = fileURLToPath(new URL('../../scripts/dev-edge.ts', import.meta.url));

const running = new Set<number>();

// A test that is cut short must not leave a workerd behind.
process.once('exit', () => {
  for (const pid of running) process.kill(-pid, 'SIGKILL');
});

/**
 * The built Worker on workerd, as `npm run dev:edge` runs it: in a process of its own, with D1 and
 * R2 in a folder of its own. Queued fills do not outlive the process: miniflare keeps them in memory.
 */
export class EdgeProcess implements RestartableMirror {
  /** All that it printed. */
  output = '';
  readonly #folder: string;
  readonly #configuration: object;
  readonly #environment: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;
  #url = '';

  private constructor(folder: string, configuration: object, environment: NodeJS.ProcessEnv) {
    this.#folder = folder;
    this.#configuration = configuration;
    this.#environment = environment;
  }

  /** Starts a Worker with this configuration file; the environment is for variables and secrets. */
  static async start(configuration: object, environment = {}): Promise<EdgeProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'pullfront-edge-'));
    const edge = new EdgeProcess(folder, configuration, environment);
    await edge.start();
    return edge;
  }

  get url(): string {
    return this.#url;
  }

  /** Starts it again over the same folder, on another port. */
  async start(): Promise<void> {
    const file = join(this.#folder, 'pullfront.json');
    await writeFile(file, JSON.stringify(this.#configuration));
    const data = join(this.#folder, 'data');
    const args = ['--config', file, '--data', data, '--listen', '127.0.0.1:0'];
    const child = spawn(process.execPath, ['--import', 'tsx', program, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      // miniflare's own files go with the folder, also after a kill.
      env: { ...process.env, TMPDIR: this.#folder, ...this.#environment },
      // A group of its own, so that workerd is ended with it.
      detached: true,
    });
    this.#child = child;
    const { pid = 0 } = child;
    running.add(pid);
    child.once('exit', () => running.delete(pid));
    const from = this.output.length;
    this.#url = await new Promise<string>((resolve, reject) => {
      const onData = (chunk: Buffer) => {
        this.output += chunk;
        const found = /^ +URL +(http:\S+)$/m.exec(this.output.slice(from));
        if (found?.[1] !== undefined) resolve(found[1]);
      };
      child.stdout?.on('data', onData);
      child.stderr?.on('data', onData);
      child.once('exit', (code) => reject(new Error(`ended with ${code}: ${this.output}`)));
    });
  }

  /** Resolves when it has printed this; the answer to a request may come before its lines. */
  async says(text: string): Promise<void> {
    while (!this.output.includes(text)) {
      const output = this.#child?.stdout;
      if (!output?.readable) throw new Error(`it ended: ${this.output}`);
      await once(output, 'data');
    }
  }

  /** Sends a signal and waits for the end; gives the exit code, or undefined after a kill. */
  async end(signal: NodeJS.Signals): Promise<number | undefined> {
    const child = this.#child;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
      return undefined;
    }
    const exited = once(child, 'exit');
    // A kill is for workerd as well; anything else the program passes on itself.
    process.kill(signal === 'SIGKILL' ? -child.pid : child.pid, signal);
    const [code] = await exited;
    return typeof code === 'number' ? code : undefined;
  }

  /** Ends it and removes its folder. */
  async close(): Promise<void> {
    await this.end('SIGKILL');
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  get(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.#url}${path}`, { redirect: 'manual', ...init });
  }
}
