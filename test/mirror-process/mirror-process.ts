import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const bundle = fileURLToPath(new URL('../../dist/pullfront.js', import.meta.url));

const running = new Set<ChildProcess>();

// A test that is cut short must not leave a mirror behind.
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** The built bundle in a process of its own, over a folder of its own. */
export class MirrorProcess {
  /** The folder where it keeps everything. */
  readonly data: string;
  /** All that it printed. */
  output = '';
  readonly #folder: string;
  readonly #configuration: object;
  readonly #environment: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;
  #url = '';

  private constructor(folder: string, configuration: object, environment: NodeJS.ProcessEnv) {
    this.#folder = folder;
    this.data = join(folder, 'data');
    this.#configuration = configuration;
    this.#environment = environment;
  }

  /** Starts a mirror with this configuration; `listen` and `data` are filled in. */
  static async start(configuration: object, environment = {}): Promise<MirrorProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'pullfront-test-'));
    const mirror = new MirrorProcess(folder, configuration, environment);
    await mirror.start();
    return mirror;
  }

  get url(): string {
    return this.#url;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Starts it again over the same folder, on another port. */
  async start(): Promise<void> {
    const file = join(this.#folder, 'pullfront.json');
    const configuration = { listen: '127.0.0.1:0', data: this.data, ...this.#configuration };
    await writeFile(file, JSON.stringify(configuration));
    const child = spawn(process.execPath, [bundle, 'serve', '--config', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...this.#environment },
    });
    this.#child = child;
    running.add(child);
    child.once('exit', () => running.delete(child));
    const from = this.output.length;
    this.#url = await new Promise<string>((resolve, reject) => {
      const onData = (chunk: Buffer) => {
        this.output += chunk;
        const found = /http:\/\/127\.0\.0\.1:\d+/.exec(this.output.slice(from));
        if (found) resolve(found[0]);
      };
      child.stdout?.on('data', onData);
      child.stderr?.on('data', onData);
      child.once('exit', (code) => reject(new Error(`ended with ${code}: ${this.output}`)));
    });
  }

  /** Sends a signal and waits for the end; gives the exit code, or undefined after a kill. */
  async end(signal: NodeJS.Signals): Promise<number | undefined> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null)
      return undefined;
    const exited = once(child, 'exit');
    child.kill(signal);
    const [code] = await exited;
    return typeof code === 'number' ? code : undefined;
  }

  /** Ends it and removes its folder. */
  async close(): Promise<void> {
    await this.end('SIGKILL');
    await rm(this.#folder, { recursive: true, force: true });
  }

  get(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.#url}${path}`, { redirect: 'manual', ...init });
  }

  /** What it has stored of blobs, in bytes. */
  async storedBytes(): Promise<number> {
    const metrics = await (await this.get('/metrics')).text();
    return Number(/^pullfront_store_bytes (\d+)$/m.exec(metrics)?.[1]);
  }

  /** What it prints from now on, as soon as it matches. */
  async printed(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.output)) {
      if (this.#child?.stdout === null || this.#child === undefined) throw new Error('not running');
      await once(this.#child.stdout, 'data');
    }
  }
}
