import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { LambdaFunctionURLEvent } from 'aws-lambda';

/** A request as it reaches a function URL. */
export interface FrontRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  /** Names and values in their order, a name as often as it was sent. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The client's address; 127.0.0.1 when absent. */
  readonly sourceIp?: string | undefined;
}

/**
 * The event of a request (Lambda, "Invoking function URLs", payload 2.0): names in lower case, the
 * values of one name joined by commas, the path with its percent-encoding.
 */
export function urlEvent({
  method,
  target,
  headers,
  sourceIp = '127.0.0.1',
}: FrontRequest): LambdaFunctionURLEvent {
  const mark = target.indexOf('?');
  const rawPath = mark === -1 ? target : target.slice(0, mark);
  const rawQueryString = mark === -1 ? '' : target.slice(mark + 1);
  const joined: Record<string, string> = {};
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    joined[key] = joined[key] === undefined ? value : `${joined[key]},${value}`;
  }
  const parameters: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(rawQueryString)) {
    parameters[name] = parameters[name] === undefined ? value : `${parameters[name]},${value}`;
  }
  const now = new Date();
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString,
    headers: joined,
    ...(rawQueryString !== '' && { queryStringParameters: parameters }),
    requestContext: {
      accountId: 'anonymous',
      apiId: 'mirror',
      domainName: 'mirror.lambda-url.us-east-1.on.aws',
      domainPrefix: 'mirror',
      http: {
        method,
        path: rawPath,
        protocol: 'HTTP/1.1',
        // What a test says instead of opening connections from another address.
        sourceIp: joined['x-source-ip'] ?? sourceIp,
        userAgent: joined['user-agent'] ?? '',
      },
      requestId: randomUUID(),
      routeKey: '$default',
      stage: '$default',
      time: now.toUTCString(),
      timeEpoch: now.getTime(),
    },
    isBase64Encoded: false,
  };
}

/** A request that a server of Node got. */
export function frontRequest(message: IncomingMessage): FrontRequest {
  const headers: [string, string][] = [];
  const { rawHeaders } = message;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    headers.push([rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '']);
  }
  const sourceIp = message.socket.remoteAddress;
  return { method: message.method ?? 'GET', target: message.url ?? '/', headers, sourceIp };
}
