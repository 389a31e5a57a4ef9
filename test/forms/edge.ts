import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { workerConfiguration } from '../../scripts/build/configuration.ts';
import type { Row } from '../../scripts/edge/migrate.ts';
import { openWorker } from '../../scripts/edge/open-worker.ts';

import type { RestartableMirror } from './mirror.ts';

/**
 * The built Worker on workerd, opened by the test itself: what `EdgeProcess` is, without the seconds
 * that a process of its own takes to start. It is never killed, only ended.
 */
export class EdgeWorker implements RestartableMirror {
  /** All that it printed. */
  output = '';
  readonly #folder: string;
  readonly #text: string;
  readonly #variables: Readonly<Record<string, string>>;
  #worker: Awaited<ReturnType<typeof openWorker>> | undefined;

  private constructor(folder: string, text: string, variables: Readonly<Record<string, string>>) {
    this.#folder = folder;
    this.#text = text;
    this.#variables = variables;
  }

  /** Starts a Worker with this configuration file, variables and secrets. */
  static async start(
    configuration: object,
    variables: Readonly<Record<string, string>> = {},
  ): Promise<EdgeWorker> {
    const folder = await mkdtemp(join(tmpdir(), 'pullfront-edge-'));
    const file = join(folder, 'pullfront.json');
    await writeFile(file, JSON.stringify(configuration));
    const { text } = await workerConfiguration(file);
    const edge = new EdgeWorker(folder, text, variables);
    await edge.start();
    return edge;
  }

  get url(): string {
    return this.#worker?.url ?? '';
  }

  /** Starts it again over the same folder, on another port. */
  async start(): Promise<void> {
    this.#worker = await openWorker({
      configuration: this.#text,
      data: join(this.#folder, 'data'),
      host: '127.0.0.1',
      port: 0,
      variables: this.#variables,
      print: (text) => {
        this.output += text;
      },
    });
  }

  /** The first row of a query of its index. */
  async row(sql: string): Promise<Row | undefined> {
    if (this.#worker === undefined) throw new Error('the Worker has ended');
    const [rows = []] = await this.#worker.run([{ sql }]);
    return rows[0];
  }

  /** What it has stored of blobs, in bytes. */
  async storedBytes(): Promise<number> {
    return Number((await this.row('SELECT bytes FROM used'))?.bytes ?? 0);
  }

  /** Ends it, whatever the signal. */
  async end(_signal?: NodeJS.Signals): Promise<number> {
    await this.#worker?.close();
    this.#worker = undefined;
    return 0;
  }

  /** Ends it and removes its folder. */
  async close(): Promise<void> {
    await this.end();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  get(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.url}${path}`, { redirect: 'manual', ...init });
  }
}
