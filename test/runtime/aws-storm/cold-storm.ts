import { createHash } from 'node:crypto';
import { DynamoDbBlobIndex } from '../../../functions/aws/dynamodb/blob-index.ts';
import { keyItem, number } from '../../../functions/aws/dynamodb/item.ts';
import { DynamoDbLeases } from '../../../functions/aws/dynamodb/leases.ts';
import { DynamoDbLedger } from '../../../functions/aws/dynamodb/ledger.ts';
import { DynamoDbManifestStore } from '../../../functions/aws/dynamodb/manifest-store.ts';
import { DynamoDbTable } from '../../../functions/aws/dynamodb/table.ts';
import { s3BlobStore } from '../../../functions/aws/s3/blob-store.ts';
import { openBucket } from '../../../functions/aws/s3/open-bucket.ts';
import { nodeHashing } from '../../../functions/aws/sdk/aws-credentials.ts';
import { awaitLarge } from '../../../functions/core/mirror/blobs/await-fill.ts';
import { createMirror, type RunningMirror } from '../../../functions/core/mirror/create-mirror.ts';
import type { MirrorEvent } from '../../../functions/core/ports/event.ts';
import type { RemoteRepository } from '../../../functions/core/ports/upstream.ts';
import { createSigner } from '../../../functions/core/signing/presigner.ts';
import type { UpstreamPolicy } from '../../../functions/core/sources/upstream-policy.ts';
import { MemoryManifests } from '../../standins/dynamodb/memory-manifests.ts';
import { makeImage } from '../../standins/images/image.ts';
import { randomLayer } from '../../standins/images/layer.ts';
import { madeRandom } from '../../unit/core/mirror/made-random.ts';
import { defaultPolicy } from '../../unit/core/mirror/mirror-over-store.ts';
import { known, ScriptedUpstream } from '../../unit/core/mirror/scripted-upstream.ts';
import { CountedTable } from './counted-table.ts';
import { SimulatedTime } from './simulated-time.ts';

const repository = { registry: 'docker.io', name: 'library/app' };

/** An image of nine blobs: eight layers and the config. */
const image = makeImage({
  layers: Array.from({ length: 8 }, (_, at) => randomLayer(`layer ${at}`, 2000)),
});

const otherImage = makeImage({ layers: [randomLayer('moved', 2000)] });

/** What the upstream takes for its answers, in ms. */
const latency = { HEAD: 100, GET: 250, LOCATE: 150 };

/** Many instances of the pull function over one table, in simulated time. */
export class ColdStorm {
  readonly time = new SimulatedTime();
  readonly random = madeRandom(1);
  readonly table = new CountedTable(this.time, this.random);
  readonly upstream = new SlowUpstream('docker.io', this.time);
  readonly events: MirrorEvent[] = [];
  /** How many fills were queued. */
  queued = 0;

  readonly #policy: UpstreamPolicy;

  constructor(policy: Partial<UpstreamPolicy> = {}) {
    this.#policy = { ...defaultPolicy, delivery: 'redirect', ...policy };
    this.upstream.redirects = true;
    this.upstream.add(repository.name, image, '1');
  }

  /** An instance that knows nothing yet. */
  open(): RunningMirror {
    const { now } = this.time;
    const table = new DynamoDbTable(this.table.clients(), 'pullfront');
    const credentials = () => ({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'made up' });
    const region = 'eu-central-1';
    const signer = createSigner({ region, credentials, now, hashing: nodeHashing });
    const address = { bucket: 'blobs', region, endpoint: undefined, dualStack: false };
    const bucket = openBucket({ ...address, credentials, longestSilence: 60_000 });
    const index = new DynamoDbBlobIndex(table);
    return createMirror(
      {
        upstreams: new Map([['docker.io', { upstream: this.upstream, policy: this.#policy }]]),
        limits: { maxBlobBytes: 1e12, storeBytes: Number.POSITIVE_INFINITY },
        memoryBytes: 1_000_000,
        markInterval: 3_600_000,
        missingBlobs: awaitLarge({ passThroughBytes: 0, wait: 0 }),
      },
      {
        manifests: new DynamoDbManifestStore(table, { large: new MemoryManifests(), now }),
        blobs: s3BlobStore({ address, signer, index, bucket, urlLife: 1_200_000, now }),
        leases: new DynamoDbLeases(table, now),
        ledger: new DynamoDbLedger(table),
        queue: {
          enqueue: async (jobs) => {
            this.queued += jobs.length;
          },
        },
      },
      {
        now,
        observe: (event) => this.events.push(event),
        waitUntil: () => undefined,
        createHash: (algorithm) => {
          const hash = createHash(algorithm);
          return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest('hex') };
        },
        sleep: this.time.sleep,
        random: this.random,
      },
    );
  }

  /**
   * Every instance pulls the image, all at the same moment. Gives what was wrong with the first
   * answers, of all unless said.
   */
  async pull(instances: readonly RunningMirror[], awaited = instances.length): Promise<string[]> {
    const outcomes = await this.#first(awaited, instances, pull);
    return outcomes.filter((outcome) => outcome !== 'pulled');
  }

  /** The first outcomes of what all instances do at the same moment. */
  async #first(
    awaited: number,
    instances: readonly RunningMirror[],
    work: (mirror: RunningMirror) => Promise<string>,
  ): Promise<string[]> {
    const outcomes: string[] = [];
    const enough = new Promise<void>((resolve) => {
      for (const mirror of instances) {
        const working = work(mirror).catch(String);
        void working.then((outcome) => {
          if (outcomes.push(outcome) === awaited) resolve();
        });
      }
    });
    await this.time.until(enough);
    return outcomes;
  }

  /** All blobs of the image are stored from now on. */
  async complete(): Promise<void> {
    const table = new DynamoDbTable(this.table.clients(), 'pullfront');
    const puts = [image.config, ...image.layers].map(({ digest, size }) =>
      table.put({
        ...keyItem({ pk: `blob#${digest}`, sk: 'blob' }),
        size: number(size),
        stored: number(this.time.now()),
      }),
    );
    await this.time.until(Promise.all(puts));
  }

  /**
   * What instances make of the tag, all at the same moment: `hit`, or why they have none. Gives the first
   * answers, of all unless said.
   */
  async resolve(
    instances: readonly RunningMirror[],
    awaited = instances.length,
    mustConfirm = false,
  ): Promise<string[]> {
    const reference = { kind: 'tag', tag: '1' } as const;
    return this.#first(awaited, instances, async (mirror) => {
      const mirrored = mirror.repository(repository);
      const outcome = await mirrored.resolveManifest(reference, 'GET', mustConfirm);
      return outcome.kind === 'found' ? outcome.provenance.kind : outcome.kind;
    });
  }

  /** The tag names another image from now on. */
  move(): void {
    this.upstream.add(repository.name, otherImage, '1');
  }

  /** The tag names the image again. */
  restore(): void {
    this.upstream.add(repository.name, image, '1');
  }

  /** Lets time pass. */
  pass(milliseconds: number): Promise<void> {
    return this.time.until(this.time.sleep(milliseconds));
  }

  /** What the upstream was asked, by the first words of the questions. */
  asked(): Record<string, number> {
    const questions = ['HEAD manifest', 'GET manifest', 'LOCATE blob'];
    return Object.fromEntries(questions.map((text) => [text, this.upstream.count(text)]));
  }
}

/** HEAD of the tag, GET of the digest, and all blobs side by side, as containerd does it. */
async function pull(mirror: RunningMirror): Promise<string> {
  const mirrored = mirror.repository(repository);
  const tag = { kind: 'tag', tag: '1' } as const;
  const head = await mirrored.resolveManifest(tag, 'HEAD');
  if (head.kind !== 'found') return `HEAD: ${head.kind}`;
  const { digest } = head;
  const got = await mirrored.resolveManifest({ kind: 'digest', digest }, 'GET');
  if (got.kind !== 'found') return `GET: ${got.kind}`;
  const whole = { kind: 'whole' } as const;
  const blobs = await Promise.all(
    [image.config, ...image.layers].map((blob) =>
      mirrored.locateBlob(known(blob.digest), 'GET', whole),
    ),
  );
  return blobs.find((blob) => blob.kind !== 'redirect')?.kind ?? 'pulled';
}

class SlowUpstream extends ScriptedUpstream {
  /** How many of the first GETs of a manifest never get an answer. */
  hanging = 0;
  /** The same for HEADs. */
  hangingHeads = 0;
  readonly #time: SimulatedTime;

  constructor(registry: string, time: SimulatedTime) {
    super(registry);
    this.#time = time;
  }

  override async headManifest(...ask: Parameters<ScriptedUpstream['headManifest']>) {
    if (this.hangingHeads > 0) {
      this.hangingHeads -= 1;
      this.asked.push('HEAD manifest, which hangs');
      await new Promise(() => undefined);
    }
    await this.#time.sleep(latency.HEAD);
    return super.headManifest(...ask);
  }

  override async getManifest(...ask: Parameters<ScriptedUpstream['getManifest']>) {
    if (this.hanging > 0) {
      this.hanging -= 1;
      this.asked.push('GET manifest, which hangs');
      await new Promise(() => undefined);
    }
    await this.#time.sleep(latency.GET);
    return super.getManifest(...ask);
  }

  override async locateBlob(remote: RemoteRepository, digest: ReturnType<typeof known>) {
    await this.#time.sleep(latency.LOCATE);
    return super.locateBlob(remote, digest);
  }
}
