import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RestartableMirror } from './mirror.ts';
import { Program } from './program.ts';

/** The built bundle as a server in a process of its own, over a folder of its own. */
export class NodeMirror implements RestartableMirror {
  /** The folder where it keeps everything. */
  readonly data: string;
  readonly #folder: string;
  readonly #configuration: object;
  readonly #variables: Readonly<Record<string, string>>;
  readonly #programs: Program[] = [];
  #url = '';

  private constructor(
    folder: string,
    configuration: object,
    variables: Readonly<Record<string, string>>,
  ) {
    this.#folder = folder;
    this.data = join(folder, 'data');
    this.#configuration = configuration;
    this.#variables = variables;
  }

  /** Starts a mirror with this configuration; `listen` and `data` are filled in. */
  static async start(
    configuration: object,
    variables: Readonly<Record<string, string>> = {},
  ): Promise<NodeMirror> {
    const folder = await mkdtemp(join(tmpdir(), 'pullfront-test-'));
    const mirror = new NodeMirror(folder, configuration, variables);
    await mirror.start();
    return mirror;
  }

  get url(): string {
    return this.#url;
  }

  get pid(): number {
    return this.#programs.at(-1)?.child.pid ?? 0;
  }

  get output(): string {
    return this.#programs.map(({ err, out }) => err + out).join('');
  }

  async start(): Promise<void> {
    const file = join(this.#folder, 'pullfront.json');
    const configuration = { listen: '127.0.0.1:0', data: this.data, ...this.#configuration };
    await writeFile(file, JSON.stringify(configuration));
    const program = new Program(['serve', '--config', file], this.#variables);
    this.#programs.push(program);
    this.#url = await program.url();
  }

  async end(signal: NodeJS.Signals): Promise<number | undefined> {
    const program = this.#programs.at(-1);
    if (program === undefined || program.hasEnded) return undefined;
    program.child.kill(signal);
    const code = await program.end();
    return typeof code === 'number' ? code : undefined;
  }

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
}
