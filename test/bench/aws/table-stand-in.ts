import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

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
 * Asks the DynamoDB at `dynamoDb` for each call; with `keeps` only once for reads of the same, so that hardly any of
 * its time is in the function's.
 */
export async function startTableStandIn(
  dynamoDb: string,
  { keeps }: { readonly keeps: boolean },
): Promise<TableStandIn> {
  const kept = new Map<string, string>();
  let milliseconds = 0;
  const server = createServer((request, response) => {
    const began = performance.now();
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      try {
        const text = Buffer.concat(chunks).toString('utf8');
        const answer = kept.get(text) ?? (await ask(dynamoDb, request.headers, text));
        if (keeps) kept.set(text, answer);
        response.setHeader('content-type', 'application/x-amz-json-1.0');
        response.end(answer);
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

async function ask(dynamoDb: string, sent: IncomingHttpHeaders, body: string): Promise<string> {
  const names = ['content-type', 'x-amz-target', 'x-amz-date', 'authorization'];
  const headers = Object.fromEntries(names.map((name) => [name, String(sent[name])]));
  const answer = await fetch(dynamoDb, { method: 'POST', headers, body });
  if (!answer.ok) throw new Error(`DynamoDB answers ${answer.status}`);
  return answer.text();
}
