import type { BlobOpening, RemoteRepository, TokenService, Upstream } from '../ports/upstream.ts';
import { UpstreamError } from '../ports/upstream-error.ts';
import type { SourceHealth } from './source-health.ts';

/** The requests about one repository, each with its result noted in the upstream's health. */
export class NotedRequests {
  readonly #name: string;
  readonly #upstream: Upstream;
  readonly #health: SourceHealth;

  constructor(name: string, upstream: Upstream, health: SourceHealth) {
    this.#name = name;
    this.#upstream = upstream;
    this.#health = health;
  }

  /** Sends a request to the registry. Rejects with an UpstreamError. */
  async send<Result extends { readonly kind: string }>(
    request: (upstream: Upstream) => Promise<Result>,
    remote?: RemoteRepository,
  ): Promise<Result> {
    const name = this.#name;
    const tokenService = this.#upstream.tokenServiceOf(name);
    try {
      const result = await request(this.#upstream);
      this.#health.success(name, tokenService, result.kind === 'denied');
      return result;
    } catch (error) {
      // A cancelled request says nothing about the upstream.
      if (remote?.signal?.aborted) throw this.toUpstreamError(error);
      throw this.#noteFailure(error, tokenService);
    }
  }

  /** The same for a blob, which another host may send. */
  async open(
    request: (upstream: Upstream) => Promise<BlobOpening>,
    remote?: RemoteRepository,
  ): Promise<BlobOpening> {
    return this.#noteArrival(await this.send(request, remote));
  }

  /** The same at the URL of an earlier redirect: the registry answers nothing. */
  async openLocated(request: (upstream: Upstream) => Promise<BlobOpening>): Promise<BlobOpening> {
    try {
      return this.#noteArrival(await request(this.#upstream));
    } catch (error) {
      throw this.#noteFailure(error);
    }
  }

  /** Any error counts as a failure of the upstream, so that no bug on the way breaks a pull. */
  toUpstreamError(error: unknown): UpstreamError {
    if (error instanceof UpstreamError) return error;
    const message = `the request to ${this.#upstream.registry} failed`;
    return new UpstreamError('unavailable', message, { cause: error });
  }

  #noteArrival(opening: BlobOpening): BlobOpening {
    if (opening.kind === 'found') this.#health.blobArrives(this.#name, opening.blobHost);
    return opening;
  }

  #noteFailure(error: unknown, tokenService?: TokenService): UpstreamError {
    const failure = this.toUpstreamError(error);
    if (failure.isUnsent) return failure;
    // A registry that counts pulls answers everything else.
    if (failure.limit === 'pulls') this.#health.success(this.#name, tokenService, false);
    else this.#health.failure(this.#name, failure);
    return failure;
  }
}
