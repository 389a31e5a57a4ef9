import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FunctionPool } from './function-pool.ts';
import { frontRequest, urlEvent } from './url-event.ts';
import { sendError, sendResult } from './url-result.ts';

/** The front of a function URL in the buffered mode. */
export interface UrlFront {
  /** `http://127.0.0.1:40000` */
  readonly url: string;
  close(): Promise<void>;
}

/** Opens the front of a function: requests in, events to the function, results out. */
export async function openUrlFront(pool: FunctionPool): Promise<UrlFront> {
  const server = createServer((message, response) => {
    message.resume();
    const request = frontRequest(message);
    pool.invoke(urlEvent(request)).then(
      (result) => sendResult(result, request.method, response),
      () => sendError(response),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
