import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';

/** A process of `store-child.ts`. */
export class StoreProcess {
  readonly lines: string[] = [];
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;
  #wake: () => void = () => undefined;

  constructor(command: string, args: readonly string[]) {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#process = child;
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => {
      this.lines.push(line);
      this.#wake();
    });
    this.#ended = Promise.all([once(child, 'exit'), once(lines, 'close')]).then(() => this.#wake());
  }

  /** Waits until it said so many lines, or ended. */
  async said(count: number): Promise<readonly string[]> {
    while (this.lines.length < count && this.#process.exitCode === null) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.lines;
  }

  /** Lets it close its store. */
  async finish(): Promise<void> {
    this.#process.stdin?.end();
    await this.#ended;
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#ended;
  }
}

/** A child's program, bundled as a released server would be, in a folder of its own. */
export async function bundleChild(
  source: URL,
): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'pullfront-child-'));
  const path = join(folder, 'child.mjs');
  await build({
    entryPoints: [source.pathname],
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    external: ['lmdb'],
    outfile: path,
  });
  const modules = new URL('../../../node_modules', import.meta.url).pathname;
  await symlink(modules, join(folder, 'node_modules'));
  return { path, remove: () => rm(folder, { recursive: true, force: true }) };
}
