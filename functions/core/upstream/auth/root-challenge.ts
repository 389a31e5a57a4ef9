import type { RemoteRepository } from '../../ports/upstream.ts';
import type { Connection } from '../connection.ts';
import { send } from '../request.ts';
import { discard } from '../response-body.ts';
import { refusedStatus } from '../status.ts';

/** How long the answer of `/v2/` is remembered, in ms. */
const life = 600_000;

/** The challenge that a registry shows at `/v2/` (distribution-spec §Determining support). */
export class RootChallenge {
  readonly #connection: Connection;
  #last: { readonly header: Promise<string | null>; readonly since: number } | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** The header of the challenge, asked for once; null if there is none, or if it cannot be had now. */
  async get(remote: RemoteRepository): Promise<string | null> {
    const now = this.#connection.runtime.now();
    const age = now - (this.#last?.since ?? 0);
    if (this.#last === undefined || age < 0 || age >= life) {
      const header = this.#request(remote);
      const last = { header, since: now };
      this.#last = last;
      // A failure says nothing: the next request asks again.
      header.catch(() => {
        if (this.#last === last) this.#last = undefined;
      });
    }
    return this.#last.header.catch(() => null);
  }

  async #request(remote: RemoteRepository): Promise<string | null> {
    const url = new URL(this.#connection.place.api);
    const request = { purpose: 'ping', method: 'GET', remote, url } as const;
    const answer = await send(this.#connection, request, undefined);
    const { status, headers } = answer.response;
    if (status >= 500 || status === 429)
      throw await refusedStatus(this.#connection, request, answer);
    await discard(answer.response);
    return status === 401 && !answer.moved ? headers.get('www-authenticate') : null;
  }
}
