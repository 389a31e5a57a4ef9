import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

const running: ChildProcess[] = [];

/** Stops every process that this file started. */
export async function endServers(): Promise<void> {
  for (const child of running.splice(0)) {
    if (child.exitCode !== null) continue;
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
}

/** A stand-in for Docker Hub in a process of its own. */
export interface Standin {
  readonly url: string;
  /** Sends a command to its control listener. */
  command(name: 'set' | 'clear' | 'stop', settings?: object): Promise<void>;
  /** Manifest GETs answered with 200 and bytes of blobs sent since the last `clear`. */
  counts(): Promise<{ manifestGets: number; blobBytes: number }>;
}

interface SeenRequest {
  readonly kind: string;
  readonly method: string;
  readonly status: number;
  readonly bytesSent: number;
}

/** Starts the stand-in's program. */
export async function startStandin(program: string, options: object): Promise<Standin> {
  const child = spawn(process.execPath, [program, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.push(child);
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const { url, control } = JSON.parse(String(line)) as { url: string; control: string };
  return {
    url,
    command: async (name, settings = {}) => {
      const body = JSON.stringify(settings);
      await fetch(`${control}/_standin/${name}`, { method: 'POST', body });
    },
    counts: async () => {
      const response = await fetch(`${control}/_standin/requests`);
      const seen = (await response.json()) as SeenRequest[];
      const manifests = seen.filter(
        ({ kind, method, status }) => kind === 'manifest' && method === 'GET' && status === 200,
      );
      const blobs = seen.filter(({ kind }) => kind === 'blob' || kind === 'cdn');
      return {
        manifestGets: manifests.length,
        blobBytes: blobs.reduce((sum, { bytesSent }) => sum + bytesSent, 0),
      };
    },
  };
}

/** Starts the mirror in front of an upstream; resolves to its URL when it answers. */
export async function startPullfront(
  program: string,
  upstream: string,
  data: string,
): Promise<string> {
  const listen = `127.0.0.1:${await freePort()}`;
  const child = spawn(
    process.execPath,
    [program, 'serve', '--listen', listen, '--data', data, '--upstream', `docker.io=${upstream}`],
    { stdio: 'ignore' },
  );
  running.push(child);
  for (let tries = 0; tries < 100; tries += 1) {
    if (child.exitCode !== null) throw new Error(`pullfront exited with ${child.exitCode}`);
    const answer = await fetch(`http://${listen}/v2/`).catch(() => undefined);
    if (answer?.ok) return `http://${listen}`;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('pullfront did not start within ten seconds');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
