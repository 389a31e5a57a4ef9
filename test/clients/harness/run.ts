import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { installed, type Launch } from './launch.ts';
import { signalGroup, spawnGroup } from './process-group.ts';

/** How a program ended. */
export interface Outcome {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
  readonly milliseconds: number;
}

/** What a program is run with besides its arguments. */
export interface RunOptions {
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: Uint8Array;
  /** Default: as installed on this machine. */
  readonly launch?: Launch;
  /** After this it is ended, and counts as failed; default 90 s. */
  readonly timeoutMs?: number;
}

/** Runs a program to its end; failing is an outcome, not an error. */
export async function run(
  name: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  const started = performance.now();
  const [command, ...rest] = (options.launch ?? installed)(name, args);
  const child = spawnGroup(command, rest, {
    env: { ...process.env, ...options.env },
    stdio: 'pipe',
  });
  const { stdin, stdout, stderr, pid } = child;
  if (stdin === null || stdout === null || stderr === null || pid === undefined) {
    throw new Error(`${name} did not start`);
  }
  const timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), options.timeoutMs ?? 90_000);
  stdin.on('error', () => undefined); // It may end without reading.
  stdin.end(options.input);
  const [out, err, [code]] = await Promise.all([text(stdout), text(stderr), once(child, 'close')]);
  clearTimeout(timer);
  const milliseconds = Math.round(performance.now() - started);
  return { ok: code === 0, stdout: out, stderr: err, milliseconds };
}

/** Runs a program that must succeed; gives its standard output without the last line end. */
export async function runWell(
  name: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const outcome = await run(name, args, options);
  if (!outcome.ok) {
    throw new Error(`${name} ${args.join(' ')}\n${outcome.stdout}${outcome.stderr}`);
  }
  return outcome.stdout.trimEnd();
}
