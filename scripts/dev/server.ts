import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { root } from '../project.ts';

/** In ms; a server that does not end in this time is killed. */
const patience = 5000;

/** The server as it was built last, in a process of its own. */
export class DevServer {
  readonly #program: string;
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /** The program's file, and the arguments of its `serve`. */
  constructor(program: string, args: readonly string[]) {
    this.#program = program;
    this.#args = args;
  }

  /** Ends the server that runs and starts a new one; gives its URL, if it starts. */
  restart(): Promise<string | undefined> {
    const started = this.#turn.then(async () => {
      await this.#end();
      return this.#start();
    });
    this.#turn = started;
    return started;
  }

  /** Ends the server that runs. */
  end(): Promise<void> {
    const ended = this.#turn.then(() => this.#end());
    this.#turn = ended;
    return ended;
  }

  async #start(): Promise<string | undefined> {
    const began = Date.now();
    const args = ['--enable-source-maps', this.#program, 'serve', ...this.#args];
    const child = spawn(process.execPath, args, {
      cwd: root,
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    this.#child = child;
    const listens = new Promise<string | undefined>((resolve) => {
      child.stderr.on('data', (chunk: Buffer) => {
        const text = chunk.toString();
        // Its first lines are for clients, and the same at every start.
        const [, url] = /^ {2}URL {4}(\S+)$/m.exec(text) ?? [];
        if (url !== undefined) resolve(url);
        else process.stderr.write(text);
      });
      child.once('exit', () => resolve(undefined));
    });
    const url = await listens;
    if (url === undefined) console.error('dev: the server did not start; waiting for a change');
    else console.error(`dev: the server started in ${Date.now() - began} ms`);
    return url;
  }

  async #end(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), patience);
    await ended;
    clearTimeout(late);
  }
}
