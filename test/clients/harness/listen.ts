import type { Server } from 'node:net';

/** Listens on a free port of loopback; gives `HOST:PORT`. */
export function listen(server: Server): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') {
        reject(new Error('not listening on a port'));
        return;
      }
      resolve(`127.0.0.1:${address.port}`);
    });
  });
}
