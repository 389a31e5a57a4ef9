import type { Digest } from '../oci/digest.ts';

/** Why a tag's policy decided as it did: `reasonText` says it in words. Times are in ms since 1970. */
export type PolicyReason =
  | { readonly kind: 'latest' }
  | { readonly kind: 'denied'; readonly rule: string }
  /** The image of a platform in an index that is served. */
  | { readonly kind: 'platform'; readonly rule: string; readonly platform: string }
  | { readonly kind: 'as-of'; readonly moment: number }
  | { readonly kind: 'unknown-date'; readonly earliest: number | undefined }
  /** A person had the tag name an earlier digest, or keep the one that it had. */
  | {
      readonly kind: 'rolled-back' | 'frozen';
      readonly digest: Digest;
      readonly by: string;
      readonly why: string;
      readonly since: number;
      readonly until: number | undefined;
    }
  /** A rule froze the tag. */
  | { readonly kind: 'frozen-by-rule'; readonly digest: Digest; readonly rule: string }
  /** An older digest is served until the newest is old enough. */
  | {
      readonly kind: 'cooling';
      readonly rule: string;
      readonly newest: Digest;
      readonly release: number;
      readonly stuckSince: number | undefined;
    }
  /** No digest of the tag is old enough. */
  | {
      readonly kind: 'none-mature';
      readonly rule: string;
      readonly newest: Digest;
      readonly release: number;
    }
  /** The newest is old enough, but cannot be had now. */
  | { readonly kind: 'previous'; readonly newest: Digest }
  | { readonly kind: 'bypassed'; readonly digest: Digest; readonly by: string };
