import type { Catalog, Repository } from './catalog.ts';
import { type Answer, ask, NoAnswer, type Question } from './client.ts';
import { between, pick } from './random.ts';

const accept = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
].join(', ');

/** The longest rest between two actions of a client. */
const restMs = 300;

/** What clients met in all. */
export interface Tally {
  requests: number;
  /** By kind: a status, `broken body`, or why there was no answer. */
  readonly errors: Map<string, number>;
  /** Answers that ended cleanly with bytes that were not asked for. */
  readonly wrong: string[];
}

/** A client that pulls, cancels, asks for ranges and for lists, one after the other. */
export class Puller {
  readonly #base: string;
  readonly #catalog: Catalog;
  readonly #random: () => number;
  readonly #tally: Tally;

  /** `base` is the mirror's URL up to the repository's name. */
  constructor(base: string, catalog: Catalog, random: () => number, tally: Tally) {
    this.#base = base;
    this.#catalog = catalog;
    this.#random = random;
    this.#tally = tally;
  }

  /** Works until the run is over; each request in flight is brought to its end. */
  async run(over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      const repository = pick(this.#random, this.#catalog.repositories);
      await this.#act(repository, this.#random());
      // The rate is the same on any machine that is fast enough, and so is what is measured.
      await new Promise((resolve) => setTimeout(resolve, between(this.#random, 0, restMs)));
    }
  }

  async #act(repository: Repository, chance: number): Promise<void> {
    if (chance < 0.5) return await this.#pull(repository);
    const { digest } = pick(this.#random, pick(this.#random, repository.images).layers);
    const size = this.#sizeOf(digest);
    if (chance < 0.65) {
      const cancelAfter = between(this.#random, 1, size);
      await this.#blob(repository, digest, { cancelAfter });
    } else if (chance < 0.85) {
      await this.#range(repository, digest, size);
    } else if (chance < 0.88) {
      await this.#blob(repository, digest, { pauseMs: 20 });
    } else if (chance < 0.94) {
      await this.#manifest(repository, { method: 'HEAD' });
    } else if (chance < 0.97) {
      await this.#ask(`${repository.name}/tags/list`);
    } else {
      const { manifest } = pick(this.#random, repository.images);
      await this.#ask(`${repository.name}/referrers/${manifest.digest}`);
    }
  }

  /** The manifest by tag and all that it names, as a container client does. */
  async #pull(repository: Repository): Promise<void> {
    const digest = await this.#manifest(repository, { method: 'GET' });
    const image = repository.images.find(({ manifest }) => manifest.digest === digest);
    if (image === undefined) return;
    await Promise.all(
      [image.config, ...image.layers].map((one) => this.#blob(repository, one.digest)),
    );
  }

  /** Gives the digest of what was delivered, where that was an image of the repository. */
  async #manifest(
    repository: Repository,
    { method }: Required<Pick<Question, 'method'>>,
  ): Promise<string | undefined> {
    const target = `${repository.name}/manifests/1`;
    const answer = await this.#ask(target, { method, headers: { accept } });
    if (answer?.status !== 200 || !answer.clean) return undefined;
    const digest =
      method === 'GET' ? answer.digest : String(answer.headers['docker-content-digest']);
    if (repository.images.some(({ manifest }) => manifest.digest === digest)) return digest;
    this.#tally.wrong.push(`${method} ${target}: ${digest} was never there`);
    return undefined;
  }

  async #blob(repository: Repository, digest: string, question: Question = {}): Promise<void> {
    const target = `${repository.name}/blobs/${digest}`;
    const answer = await this.#ask(target, question);
    if (answer?.status !== 200 || !answer.clean || answer.digest === digest) return;
    this.#tally.wrong.push(`GET ${target}: ${answer.body.length} bytes with ${answer.digest}`);
  }

  async #range(repository: Repository, digest: string, size: number): Promise<void> {
    const first = between(this.#random, 0, size - 1);
    const last = between(this.#random, first, size - 1);
    const target = `${repository.name}/blobs/${digest}`;
    const answer = await this.#ask(target, { headers: { range: `bytes=${first}-${last}` } });
    if (answer === undefined || !answer.clean) return;
    const whole = this.#catalog.contents.get(digest)?.bytes ?? Buffer.alloc(0);
    const expected = answer.status === 206 ? whole.subarray(first, last + 1) : whole;
    if (![200, 206].includes(answer.status) || answer.body.equals(expected)) return;
    // A part of a blob that is not stored yet has no digest to check it by.
    if (answer.status === 206 && !/\bhit\b/.test(String(answer.headers['cache-status']))) {
      this.#count('wrong part of an unverified blob');
      return;
    }
    this.#tally.wrong.push(`GET ${target} ${first}-${last}: ${answer.status} with other bytes`);
  }

  async #ask(target: string, question: Question = {}): Promise<Answer | undefined> {
    this.#tally.requests += 1;
    try {
      const answer = await ask(`${this.#base}/${target}`, question);
      if (answer.status >= 400) this.#count(String(answer.status));
      else if (!answer.clean && question.cancelAfter === undefined) this.#count('broken body');
      return answer;
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      if (question.cancelAfter === undefined) this.#count(error.message);
      return undefined;
    }
  }

  #count(kind: string): void {
    this.#tally.errors.set(kind, (this.#tally.errors.get(kind) ?? 0) + 1);
  }

  #sizeOf(digest: string): number {
    return this.#catalog.contents.get(digest)?.size ?? 1;
  }
}
