import { type Descriptor, readType } from '../core/oci/descriptor.ts';
import type { Digest } from '../core/oci/digest.ts';
import type { Manifest, ManifestContents } from '../core/oci/manifest.ts';

/** The size of a row without the manifest's bytes, and of each blob that it names, in bytes. */
const rowWeight = 500;
const blobWeight = 500;

/** The share of the capacity that eviction frees, because finding the rows takes a sort. */
const headroom = 0.1;

/** A manifest of a repository. */
export interface ManifestRow {
  /** As `docker.io/library/alpine`. */
  readonly repository: string;
  readonly manifest: Manifest;
  readonly blobs: ReadonlyMap<Digest, Descriptor>;
  /** In ms since 1970. */
  pulled: number;
  complete: number | undefined;
}

/** The manifests of all repositories, within a limit; the least recently pulled are removed. */
export class ManifestTable {
  readonly #capacity: number;
  readonly #rows = new Map<string, ManifestRow>();
  readonly #ofRepository = new RowSets();
  /** By the manifest's digest. */
  readonly #holders = new RowSets();
  /** By repository and blob. */
  readonly #entries = new RowSets();
  /** By blob. */
  readonly #namers = new RowSets();
  #weight = 0;

  /** `capacity` is in bytes. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(repository: string, digest: Digest): ManifestRow | undefined {
    return this.#rows.get(keyOf(repository, digest));
  }

  /** Has no effect if the manifest exists. */
  add(
    repository: string,
    manifest: Manifest,
    contents: ManifestContents | undefined,
    pulled: number,
  ): void {
    const { digest, mediaType } = manifest;
    const key = keyOf(repository, digest);
    if (this.#rows.has(key)) return;
    // All repositories share the bytes.
    const [holder] = this.#holders.of(digest);
    const bytes = holder?.manifest.bytes ?? manifest.bytes.slice();
    const row: ManifestRow = {
      repository,
      manifest: { digest, mediaType, bytes },
      blobs: new Map((contents?.blobs ?? []).map((blob) => [blob.digest, entryOf(blob)])),
      pulled,
      complete: undefined,
    };
    this.#rows.set(key, row);
    this.#ofRepository.add(repository, row);
    this.#holders.add(digest, row);
    for (const blob of row.blobs.keys()) {
      this.#entries.add(keyOf(repository, blob), row);
      this.#namers.add(blob, row);
    }
    this.#weight += weightOf(row);
    if (this.#weight > this.#capacity) this.#removeOldest(row);
  }

  remove(repository: string, digest: Digest): void {
    const key = keyOf(repository, digest);
    const row = this.#rows.get(key);
    if (row === undefined) return;
    this.#rows.delete(key);
    this.#ofRepository.remove(repository, row);
    this.#holders.remove(digest, row);
    for (const blob of row.blobs.keys()) {
      this.#entries.remove(keyOf(repository, blob), row);
      this.#namers.remove(blob, row);
    }
    this.#weight -= weightOf(row);
  }

  /** The rows of a manifest, one per repository. */
  holders(digest: Digest): Iterable<ManifestRow> {
    return this.#holders.of(digest);
  }

  /** What a manifest of a repository says about a blob. */
  entry(repository: string, blob: Digest): Descriptor | undefined {
    const [row] = this.#entries.of(keyOf(repository, blob));
    return row?.blobs.get(blob);
  }

  isNamed(blob: Digest): boolean {
    return this.#namers.has(blob);
  }

  /** The repositories that have a manifest. */
  repositories(): Iterable<string> {
    return this.#ofRepository.keys();
  }

  hasRepository(repository: string): boolean {
    return this.#ofRepository.has(repository);
  }

  /**
   * At most `limit` rows, the least recently pulled first; those after `last`. Sorts no more rows than
   * these.
   */
  oldest(limit: number, last?: PullOrder): ManifestRow[] {
    const found: ManifestRow[] = [];
    for (const row of this.#rows.values()) {
      if (last !== undefined && comparePulls(orderOf(row), last) <= 0) continue;
      const end = found.at(-1);
      if (found.length >= limit && end !== undefined) {
        if (comparePulls(orderOf(row), orderOf(end)) >= 0) continue;
      }
      const place = found.findLastIndex((one) => comparePulls(orderOf(one), orderOf(row)) < 0) + 1;
      found.splice(place, 0, row);
      if (found.length > limit) found.pop();
    }
    return found;
  }

  #removeOldest(added: ManifestRow): void {
    const oldest = [...this.#rows.values()].sort((one, other) => one.pulled - other.pulled);
    for (const row of oldest) {
      if (this.#weight <= this.#capacity * (1 - headroom)) return;
      if (row !== added) this.remove(row.repository, row.manifest.digest);
    }
  }
}

/** What decides the order of eviction. */
interface PullOrder {
  readonly pulled: number;
  readonly repository: string;
  readonly digest: string;
}

function orderOf({ pulled, repository, manifest: { digest } }: ManifestRow): PullOrder {
  return { pulled, repository, digest };
}

function comparePulls(a: PullOrder, b: PullOrder): number {
  if (a.pulled !== b.pulled) return a.pulled - b.pulled;
  const [one = '', other = ''] = [a, b].map(({ repository, digest }) => `${repository}@${digest}`);
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

/** Non-empty sets of rows by key. */
class RowSets {
  readonly #sets = new Map<string, Set<ManifestRow>>();

  add(key: string, row: ManifestRow): void {
    const set = this.#sets.get(key);
    if (set === undefined) this.#sets.set(key, new Set([row]));
    else set.add(row);
  }

  remove(key: string, row: ManifestRow): void {
    const set = this.#sets.get(key);
    set?.delete(row);
    if (set?.size === 0) this.#sets.delete(key);
  }

  of(key: string): Iterable<ManifestRow> {
    return this.#sets.get(key) ?? [];
  }

  has(key: string): boolean {
    return this.#sets.has(key);
  }

  keys(): Iterable<string> {
    return this.#sets.keys();
  }
}

/** Without annotations and URLs, which may be long: no reader of an entry needs them. */
function entryOf({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType: readType(mediaType) ?? '', digest, size };
}

function keyOf(repository: string, digest: Digest): string {
  return `${repository}@${digest}`;
}

function weightOf({ manifest, blobs }: ManifestRow): number {
  return rowWeight + manifest.bytes.byteLength + blobs.size * blobWeight;
}
