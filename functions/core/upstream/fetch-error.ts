/**
 * What a platform's fetch, or a body of it, throws where the platform knows more than that it
 * failed. Its message says what happened, and its cause is kept: neither may hold a secret.
 */
export class FetchError extends Error {
  readonly kind: 'limited' | 'timeout' | 'unreachable';

  constructor(kind: FetchError['kind'], message: string, options?: { readonly cause: unknown }) {
    super(message, options);
    this.kind = kind;
  }
}
