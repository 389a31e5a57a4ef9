import type { Repository } from '../../oci/repository.ts';
import type { AlternateSource } from './alternate.ts';
import type { AlternateAnswer, Alternates } from './alternates.ts';
import type { Exchange } from './exchange.ts';
import { planOf } from './plan.ts';
import { race } from './race.ts';

/** The repository for whose request or fill the alternates are asked. */
export interface AlternatesUser {
  readonly repository: Repository;
  readonly isBackground: boolean;
  upstreamCalls: number;
}

/** Asks a registry and its alternates about one repository, and counts the requests sent. */
export class RepositoryExchanges {
  readonly #user: AlternatesUser;
  readonly #alternates: Alternates;

  constructor(user: AlternatesUser, alternates: Alternates) {
    this.#user = user;
    this.#alternates = alternates;
  }

  /** Asks the registry or the alternates first, and the others when they are slow or fail. */
  async run<Result extends { readonly kind: string }>(exchange: Exchange<Result>): Promise<Result> {
    const { digest, isPull, registry, permit, state, breaks = 0 } = exchange;
    const purpose = isPull ? 'manifest' : 'blob';
    const isResting = state.isResting || this.#alternates.isRegistrySlow;
    const plan = planOf({ ...state, isResting, breaks });
    let answer: AlternateAnswer<Result> | undefined;
    const alternates = async (signal: AbortSignal): Promise<Result> => {
      await permit?.();
      const found = await this.ask(digest, signal, isPull, exchange.alternate);
      if (signal.aborted) exchange.drop?.(found.result);
      signal.throwIfAborted();
      answer = found;
      return found.result;
    };
    const isRegistryFirst = plan.first === 'registry';
    const [first, second] = isRegistryFirst ? [registry, alternates] : [alternates, registry];
    const end = await race(first, second, plan.wait, (unused) => exchange.drop?.(unused));
    if (end.winner === undefined) throw isRegistryFirst ? end.errors.first : end.errors.second;
    const isOfRegistry = (end.winner === 'first') === isRegistryFirst;
    if (isOfRegistry && this.#mayLack(exchange, end.value)) {
      await alternates(new AbortController().signal).catch(() => undefined);
    } else if (isOfRegistry) {
      if (breaks === 0) this.#alternates.used(purpose, undefined);
      return end.value;
    }
    if (isRegistryFirst && end.lateFirst) this.#alternates.registryLost();
    if (answer === undefined) return end.value;
    const { alternate, result } = answer;
    this.#alternates.used(purpose, alternate);
    return exchange.accept?.(result, alternate) ?? result;
  }

  /** Asks the alternates only. Rejects if none has a good answer. */
  ask<Result extends { readonly kind: string }>(
    subject: string,
    signal: AbortSignal,
    isPull: boolean,
    ask: (source: AlternateSource) => Promise<Result>,
  ): Promise<AlternateAnswer<Result>> {
    const { repository, isBackground } = this.#user;
    const sent = (calls: number) => {
      this.#user.upstreamCalls += calls;
    };
    return this.#alternates.ask({ repository, subject, isPull, isBackground, signal, ask, sent });
  }

  /** Only an alternate may have the blobs of an image that only an alternate named. */
  #mayLack({ isPull }: { isPull: boolean }, { kind }: { kind: string }): boolean {
    return this.#alternates.forUnseenTags && !isPull && (kind === 'absent' || kind === 'denied');
  }
}
