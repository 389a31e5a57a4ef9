import type { IncomingMessage } from 'node:http';
import type { RegistryRequest } from '../../core/registry/answer.ts';

/** Node's request as the registry takes it; reads no more of it than is asked for. */
export class NodeRequest implements RegistryRequest {
  readonly method: string;
  readonly target: string;
  readonly #headers: IncomingMessage['headers'];

  constructor(message: IncomingMessage) {
    this.method = message.method ?? 'GET';
    this.target = originForm(message.url ?? '/');
    this.#headers = message.headers;
  }

  header(name: string): string | undefined {
    const value = this.#headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }
}

/** A client that takes this server for a proxy sends a whole URL (RFC 9112 §3.2.2). */
function originForm(target: string): string {
  if (target.startsWith('/') || !URL.canParse(target)) return target;
  const { pathname, search } = new URL(target);
  return pathname + search;
}
