import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { installed, type Launch } from './launch.ts';
import { signalGroup, spawnGroup } from './process-group.ts';

/** How a daemon is started. */
export interface DaemonOptions {
  /** The line of its output that says it is ready. */
  readonly ready: RegExp;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: as installed on this machine. */
  readonly launch?: Launch;
}

const readyMs = 30_000;
const endMs = 15_000;

/** A program that runs until it is stopped. */
export class Daemon {
  /** Its output so far, both streams, a line each. */
  readonly lines: string[] = [];
  readonly pid: number;
  readonly #exited: Promise<unknown>;
  readonly #name: string;
  #ended = false;
  #watch: () => void = () => undefined;

  constructor(name: string, args: readonly string[], options: DaemonOptions) {
    const [command, ...rest] = (options.launch ?? installed)(name, args);
    const child = spawnGroup(command, rest, {
      env: { ...machineEnvironment(), ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (child.pid === undefined) throw new Error(`${name} did not start`);
    this.#name = name;
    this.pid = child.pid;
    this.#exited = once(child, 'exit').then(() => {
      this.#ended = true;
      this.#watch();
    });
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        this.lines.push(line);
        this.#watch();
      });
    }
  }

  /** The first line that matches, now or later; rejects when it ends or stays silent. */
  until(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => fail('is not ready in time'), readyMs);
      const fail = (what: string): void => {
        clearTimeout(timer);
        this.#watch = () => undefined;
        reject(new Error(`${this.#name} ${what}:\n${this.lines.slice(-30).join('\n')}`));
      };
      this.#watch = () => {
        for (const line of this.lines) {
          const found = pattern.exec(line);
          if (found === null) continue;
          clearTimeout(timer);
          this.#watch = () => undefined;
          resolve(found);
          return;
        }
        if (this.#ended) fail('ended');
      };
      this.#watch();
    });
  }

  /** Ends it and its children, by force if it does not go. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.#ended) return;
    process.kill(this.pid, signal);
    const force = setTimeout(() => signalGroup(this.pid, 'SIGKILL'), endMs);
    await this.#exited;
    clearTimeout(force);
    signalGroup(this.pid, 'SIGKILL');
  }
}

/** Starts a daemon; gives it with the match of its ready line. */
export async function startDaemon(
  name: string,
  args: readonly string[],
  options: DaemonOptions,
): Promise<{ daemon: Daemon; ready: RegExpExecArray }> {
  const daemon = new Daemon(name, args, options);
  try {
    return { daemon, ready: await daemon.until(options.ready) };
  } catch (error) {
    await daemon.stop('SIGKILL');
    throw error;
  }
}

/** The environment without what tests or a developer say to Pullfront: a mirror would obey it. */
function machineEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('PULLFRONT_')),
  );
}
