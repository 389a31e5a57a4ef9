import { openInMemory } from '../../functions/cli/memory-platform.ts';
import { parseConfig } from '../../functions/core/config/parse-config.ts';
import { problemText } from '../../functions/core/config/problems.ts';
import { type RunningServer, startServer } from '../../functions/node/server.ts';
import type { RestartableMirror } from './mirror.ts';

/** A server in the process of the test, with its stores in memory: it starts in milliseconds. */
export class MemoryMirror implements RestartableMirror {
  output = '';
  readonly #configuration: object;
  readonly #variables: Readonly<Record<string, string>>;
  #server: RunningServer | undefined;

  private constructor(configuration: object, variables: Readonly<Record<string, string>>) {
    this.#configuration = configuration;
    this.#variables = variables;
  }

  /** Starts a mirror with this configuration; `listen` and `store` are filled in. */
  static async start(
    configuration: object,
    variables: Readonly<Record<string, string>> = {},
  ): Promise<MemoryMirror> {
    const mirror = new MemoryMirror(configuration, variables);
    await mirror.start();
    return mirror;
  }

  get url(): string {
    return this.#server?.url ?? '';
  }

  async start(): Promise<void> {
    // A test does not wait for what it left unfinished.
    const own = { listen: '127.0.0.1:0', store: 'memory', shutdownTimeout: '100ms' };
    const json = { ...own, ...this.#configuration };
    const parsed = parseConfig(json, this.#variables, []);
    if (!('ok' in parsed)) throw new Error(parsed.problems.map(problemText).join('\n'));
    const config = parsed.ok;
    this.#server = await startServer(config, openInMemory(config.limits.storeBytes), {
      environment: this.#variables,
      logTo: {
        write: (line) => {
          this.output += line;
        },
        flushSync: () => undefined,
      },
    });
  }

  /** Takes any signal for one that asks it to end. */
  async end(): Promise<number | undefined> {
    await this.close();
    return 0;
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await server?.close();
  }

  get(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.url}${path}`, { redirect: 'manual', ...init });
  }

  /** What it has stored of blobs, in bytes. */
  async storedBytes(): Promise<number> {
    const metrics = await (await this.get('/metrics')).text();
    return Number(/^pullfront_store_bytes (\d+)$/m.exec(metrics)?.[1]);
  }
}
