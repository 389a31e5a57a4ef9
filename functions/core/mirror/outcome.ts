import type { ByteRange } from '../headers/range.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { Unobtained } from '../sources/source.ts';

/** How an answer came about: the source of Cache-Status (RFC 9211), of Warning and of the log. */
export type Provenance =
  /** From the store or memory. `ttl` is what is left of its freshness in seconds; undefined: for ever. */
  | { readonly kind: 'hit'; readonly ttl: number | undefined }
  /** Ours, and the upstream confirmed by HEAD that it is still what it names. */
  | { readonly kind: 'revalidated'; readonly ttl: number }
  /** Fetched from the upstream for this request, or for one that asked at the same moment. */
  | { readonly kind: 'miss' }
  /** Ours although out of date, because the upstream failed. `age` is seconds since it was confirmed. */
  | { readonly kind: 'stale'; readonly age: number; readonly reason: string };

export type ManifestOutcome =
  | {
      readonly kind: 'found';
      readonly digest: Digest;
      readonly mediaType: string;
      readonly size: number;
      /** undefined only for a HEAD whose manifest was not fetched: a HEAD never costs a pull. */
      readonly bytes: Uint8Array<ArrayBuffer> | undefined;
      readonly provenance: Provenance;
    }
  | Unobtained;

export type BlobOutcome =
  /** For a HEAD: it is there. */
  | { readonly kind: 'known'; readonly size: number | undefined; readonly provenance: Provenance }
  | { readonly kind: 'redirect'; readonly url: string; readonly provenance: Provenance }
  | {
      readonly kind: 'stream';
      /** The whole blob's size in bytes; undefined when nobody stated it (never with a range). */
      readonly size: number | undefined;
      /** The part that `body` is; undefined for the whole blob. */
      readonly range: ByteRange | undefined;
      readonly body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>;
      readonly provenance: Provenance;
    }
  /** No byte of the range lies within the blob. */
  | { readonly kind: 'unsatisfiable'; readonly size: number }
  | Unobtained;

export type TagsOutcome =
  | { readonly kind: 'found'; readonly tags: readonly string[]; readonly provenance: Provenance }
  | Unobtained;

export type ReferrersOutcome =
  | {
      readonly kind: 'found';
      readonly manifests: readonly Descriptor[];
      readonly provenance: Provenance;
    }
  | Unobtained;
