import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';

const running = new Set<number>();

/** Starts a program as the leader of a process group, so that it ends with all its children. */
export function spawnGroup(
  command: string,
  args: readonly string[],
  options: SpawnOptions,
): ChildProcess {
  const child = spawn(command, args, { ...options, detached: true });
  const { pid } = child;
  if (pid !== undefined) {
    running.add(pid);
    child.once('exit', () => running.delete(pid));
  }
  return child;
}

/** Sends a signal to a whole group; one that is gone is no mistake. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

// A run that is cut short must not leave daemons behind.
const endAll = (): void => {
  for (const pid of running) signalGroup(pid, 'SIGKILL');
};
process.once('exit', endAll);
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.once(signal, () => {
    endAll();
    process.exit(1);
  });
}
