import { awaitLarge } from '../../functions/core/mirror/blobs/await-fill.ts';
import { upkeep } from '../../functions/core/mirror/upkeep.ts';
import { jsonLog } from '../../functions/core/observe/log.ts';
import type { MirrorEvent } from '../../functions/core/ports/event.ts';
import type { FillJob } from '../../functions/core/ports/fill-queue.ts';
import { createService, type Service } from '../../functions/core/service/create-service.ts';
import { openMemoryStore } from '../../functions/memory/open.ts';
import { openConnections } from '../../functions/node/http-client.ts';
import { nodeRuntime } from '../../functions/node/runtime.ts';
import type { Upstream } from '../standins/registry/upstream.ts';
import { parsed } from '../unit/core/config/parsing.ts';

/** What a client got. */
export interface Got {
  readonly status: number;
  readonly body: string;
  readonly digest: string | undefined;
  readonly milliseconds: number;
}

/** Many instances of a mirror of Docker Hub that share one store, with a clock that can be moved on. */
export class Fleet {
  readonly events: MirrorEvent[] = [];
  readonly instances: readonly Service[];
  readonly #store: ReturnType<typeof openMemoryStore>;
  readonly #connections = openConnections({});
  readonly #settled: (milliseconds?: number) => Promise<void>;
  readonly #jobs: FillJob[] = [];
  #passed = 0;

  constructor(hub: Upstream, count: number, more: object = {}) {
    const { runtime, settled } = nodeRuntime((event) => this.events.push(event));
    const timed = { ...runtime, now: () => Date.now() + this.#passed };
    this.#settled = settled;
    this.#store = openMemoryStore(timed);
    const queue = { enqueue: async (jobs: readonly FillJob[]) => void this.#jobs.push(...jobs) };
    const config = parsed({ upstreams: { 'docker.io': { url: hub.url } }, ...more });
    const upstream = config.upstreams.get('docker.io');
    if (upstream === undefined) throw new Error('docker.io is not configured');
    const upstreams = new Map([['docker.io', { ...upstream, delivery: 'redirect' as const }]]);
    this.instances = Array.from({ length: count }, () =>
      createService(
        { ...config, upstreams },
        {
          ports: { ...this.#store, queue },
          runtime: timed,
          log: jsonLog('silent', () => undefined, timed.now),
          fetch: this.#connections.fetch,
          readPassword: async () => 'none',
          missingBlobs: awaitLarge({ passThroughBytes: 1_000_000, wait: 0 }),
          upkeep,
        },
      ),
    );
  }

  pass(milliseconds: number): void {
    this.#passed += milliseconds;
  }

  /** One client's request to one instance. */
  async ask(at: number, method: 'GET' | 'HEAD', path: string, address?: string): Promise<Got> {
    const service = this.instances[at % this.instances.length];
    const began = performance.now();
    const answer = await service?.registry({
      method,
      target: `/v2/${path}`,
      remoteAddress: address,
      header: () => undefined,
    });
    const milliseconds = performance.now() - began;
    const { status = 0, headers = {}, body } = answer ?? {};
    if (body instanceof ReadableStream) await body.cancel();
    const text = body instanceof Uint8Array ? new TextDecoder().decode(body) : '';
    const digest = headers['docker-content-digest'];
    return { status, body: typeof body === 'string' ? body : text, digest, milliseconds };
  }

  /** HEAD of a tag and GET of its digest, as dockerd and containerd pull; the last answer. */
  async pull(at: number, name: string, tag: string, address?: string): Promise<Got> {
    const head = await this.ask(at, 'HEAD', `${name}/manifests/${tag}`, address);
    if (head.status !== 200) return head;
    return this.ask(at, 'GET', `${name}/manifests/${head.digest}`, address);
  }

  /** What the registry says of blobs of an image: the statuses, each once. */
  async blobs(at: number, name: string, digests: readonly string[]): Promise<number[]> {
    const answers = await Promise.all(
      digests.map((digest) => this.ask(at, 'GET', `${name}/blobs/${digest}`)),
    );
    return [...new Set(answers.map(({ status }) => status))];
  }

  /** Does all fills that were queued. */
  async fill(): Promise<void> {
    for (const job of this.#jobs.splice(0)) await this.instances[0]?.mirror.handleFill(job);
  }

  async close(): Promise<void> {
    await this.#settled(1_000);
    await this.#store.close();
    await this.#connections.close();
  }
}
