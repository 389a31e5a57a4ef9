import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JsonObject, JsonService } from '../../../functions/aws/sdk/json-service.ts';

/** Stands between a function and DynamoDB. */
export interface TableStandIn {
  readonly endpoint: string;
  /** The bodies of the calls that it has kept answers of. */
  readonly asked: readonly string[];
  /** What it took over all its answers, in ms. */
  readonly milliseconds: number;
  close(): void;
}

/**
 * Asks DynamoDB for each call; with `keeps` only once for reads of the same, so that hardly any of
 * its time is in the function's.
 */
export async function startTableStandIn(
  service: JsonService,
  { keeps }: { readonly keeps: boolean },
): Promise<TableStandIn> {
  const kept = new Map<string, JsonObject>();
  let milliseconds = 0;
  const server = createServer((request, response) => {
    const began = performance.now();
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      try {
        const text = Buffer.concat(chunks).toString('utf8');
        const action = String(request.headers['x-amz-target']).split('.')[1] ?? '';
        const answer = kept.get(text) ?? (await service.call(action, JSON.parse(text)));
        if (keeps) kept.set(text, answer);
        response.setHeader('content-type', 'application/x-amz-json-1.0');
        response.end(JSON.stringify(answer));
      } catch {
        response.destroy();
      }
      milliseconds += performance.now() - began;
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    get asked() {
      return [...kept.keys()];
    },
    get milliseconds() {
      return milliseconds;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
