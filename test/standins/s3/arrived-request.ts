import type { IncomingMessage } from 'node:http';
import { S3Error } from './s3-error.ts';

/** A request as it came, before anything is believed of it. */
export interface ArrivedRequest {
  readonly method: string;
  readonly host: string;
  /** Decoded, with its first slash. */
  readonly path: string;
  /** Decoded, in the order in which they came. */
  readonly query: readonly (readonly [name: string, value: string])[];
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: AsyncIterable<Buffer>;
}

/** Reads a request line without the repairs that `URL` makes: a key may hold `//` and `..`. */
export function arrive(message: IncomingMessage): ArrivedRequest {
  const [path = '/', ...rest] = (message.url ?? '/').split('?');
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(message.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(',') : value);
  }
  return {
    method: message.method ?? 'GET',
    host: message.headers.host ?? '',
    path: decoded(path),
    query: rest
      .join('?')
      .split('&')
      .filter((pair) => pair !== '')
      .map((pair) => {
        const [name = '', ...value] = pair.replaceAll('+', '%20').split('=');
        return [decoded(name), decoded(value.join('='))] as const;
      }),
    headers,
    body: message,
  };
}

/** The value of a parameter; undefined when it is not there. */
export function parameter({ query }: ArrivedRequest, name: string): string | undefined {
  return query.find(([found]) => found === name)?.[1];
}

/** A parameter that must be a whole number from 0 to `most`; undefined when it is not there. */
export function numberParameter(
  request: ArrivedRequest,
  name: string,
  most: number,
): number | undefined {
  const text = parameter(request, name);
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text) || Number(text) > most) {
    throw new S3Error('InvalidArgument', `${name} must be an integer between 0 and ${most}`);
  }
  return Number(text);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Error('InvalidURI', "Couldn't parse the specified URI.");
  }
}
