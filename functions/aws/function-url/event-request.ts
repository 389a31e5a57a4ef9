import type { LambdaFunctionURLEvent } from 'aws-lambda';
import type { RegistryRequest } from '../../core/registry/answer.ts';

/**
 * A function URL's event (payload 2.0) as the registry takes it: the path and the query as they
 * were sent, and headers that the front has already joined under lower-case names. The body is not
 * read: nothing that is answered here has one.
 */
export class EventRequest implements RegistryRequest {
  readonly method: string;
  readonly target: string;
  readonly #headers: LambdaFunctionURLEvent['headers'];

  constructor(event: LambdaFunctionURLEvent) {
    const { rawPath, rawQueryString, headers, requestContext } = event;
    this.method = requestContext.http.method;
    this.target = rawQueryString === '' ? rawPath : `${rawPath}?${rawQueryString}`;
    this.#headers = headers;
  }

  header(name: string): string | undefined {
    return this.#headers[name];
  }
}
