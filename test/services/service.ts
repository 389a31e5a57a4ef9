import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Daemon } from '../clients/harness/daemon.ts';
import { listen } from '../clients/harness/listen.ts';

/** A server that this run started. */
export interface Service {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** How a server that tells nobody when it is ready is started. */
export interface ServiceOptions {
  readonly program: string;
  /** Its arguments for a port of the loopback. */
  readonly args: (port: number) => readonly string[];
  /** Answers 200, or anything else that is no 5xx, once the server is ready. */
  readonly readyPath: string;
  readonly env?: Readonly<Record<string, string>>;
}

const readyMs = 60_000;

/** Starts a server on a free port and waits until it answers. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  // It says nothing when it is ready: an empty pattern is met by its first line, or never asked for.
  const daemon = new Daemon(options.program, options.args(port), {
    ready: /(?:)/,
    ...(options.env !== undefined && { env: options.env }),
  });
  const late = Date.now() + readyMs;
  while (!(await answers(`${endpoint}${options.readyPath}`))) {
    if (Date.now() > late || !isAlive(daemon.pid)) {
      await daemon.stop('SIGKILL');
      throw new Error(`${options.program} is not ready:\n${daemon.lines.join('\n')}`);
    }
    await pause(50);
  }
  return { endpoint, stop: () => daemon.stop() };
}

async function freePort(): Promise<number> {
  const server = createServer();
  const address = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return Number(address.split(':')[1]);
}

async function answers(url: string): Promise<boolean> {
  try {
    const { status, body } = await fetch(url);
    await body?.cancel();
    return status < 500;
  } catch {
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
