import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { signalGroup, spawnGroup } from './process-group.ts';

/** An address on loopback that takes no connection and refuses none, as a machine that is off. */
export interface SilentAddress {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  close(): void;
}

/** Listens with a queue for one connection. */
const program = `
  const server = require('node:net').createServer();
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port));
`;

/** More than the queue holds: from then on the kernel drops what asks for a connection. */
const fillers = 8;

/** Opens one: a listener that is stopped before its queue is filled. */
export async function openSilentAddress(): Promise<SilentAddress> {
  const child = spawnGroup(process.execPath, ['--eval', program], { stdio: ['ignore', 'pipe', 2] });
  const { pid, stdout } = child;
  if (pid === undefined || stdout === null) throw new Error('the listener did not start');
  const [port] = await once(createInterface({ input: stdout }), 'line');
  signalGroup(pid, 'SIGSTOP');
  const sockets = Array.from({ length: fillers }, () =>
    connect(Number(port), '127.0.0.1').on('error', () => undefined),
  );
  await Promise.race(sockets.map((socket) => once(socket, 'connect')));
  return {
    address: `127.0.0.1:${port}`,
    close() {
      for (const socket of sockets) socket.destroy();
      signalGroup(pid, 'SIGKILL');
    },
  };
}
