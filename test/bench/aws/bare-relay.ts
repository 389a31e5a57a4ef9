import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { MovedBytes } from './fill.ts';

const program = fileURLToPath(new URL('./bare-relay.mjs', import.meta.url));

/** Moves what is at a URL from socket to socket in a process of its own, into a sink in this one. */
export async function measureBareRelay(url: string): Promise<MovedBytes> {
  let bytes = 0;
  const sink = createServer((socket) => {
    socket.on('data', (chunk) => {
      bytes += chunk.byteLength;
    });
  });
  sink.listen(0, '127.0.0.1');
  await once(sink, 'listening');
  const address = sink.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const stdio: ['ignore', 'pipe', 'inherit'] = ['ignore', 'pipe', 'inherit'];
  const relay = spawn(process.execPath, [program, url, String(port)], { stdio });
  // Our own program wrote it.
  const { time, cpu } = JSON.parse(await text(relay.stdout)) as { time: number; cpu: number };
  sink.close();
  await once(sink, 'close');
  return { speed: bytes / 1e3 / time, perCpuSecond: bytes / 1e6 / cpu };
}
