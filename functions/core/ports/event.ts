import type { RateLimit } from '../headers/rate-limit.ts';
import type { CircuitKind } from './ledger.ts';
import type { PolicyReason } from './policy-reason.ts';

/** What the mirror backs off from after a failure. */
export type BackoffScope = 'registry' | 'repository' | 'token-service' | 'blob-host';

/** An event of the mirror, for logs and metrics. Holds no secret. */
export type MirrorEvent =
  | UpstreamEvent
  | {
      readonly kind: 'fill';
      /** `docker.io/library/alpine` */
      readonly repository: string;
      readonly digest: string;
      readonly outcome: 'stored' | 'paused' | 'mismatch' | 'refused' | 'failed' | 'stopped';
      /** Bytes read from the upstream. */
      readonly bytes: number;
      readonly milliseconds: number;
      readonly reason: string | undefined;
    }
  /** An upstream failed: for a while it is not asked for anything that the mirror has a copy of. */
  | {
      readonly kind: 'backed-off';
      readonly registry: string;
      readonly scope: BackoffScope;
      /** The host that failed; undefined for a registry as a whole. */
      readonly host: string | undefined;
      /** The only repository concerned; undefined: all that use the host. */
      readonly repository: string | undefined;
      readonly milliseconds: number;
      readonly reason: string;
    }
  | {
      readonly kind: 'answers-again';
      readonly registry: string;
      readonly scope: BackoffScope;
      readonly host: string | undefined;
      readonly repository: string | undefined;
    }
  /** Another registry served a digest in place of an upstream, or the upstream does so again. */
  | {
      readonly kind: 'alternate-used';
      readonly registry: string;
      readonly purpose: 'manifest' | 'blob';
      /** As configured: `public.ecr.aws/docker`; undefined: the upstream itself again. */
      readonly alternate: string | undefined;
      /** True if the answer before was another registry's. */
      readonly isChange: boolean;
    }
  /** A rule or a person decided what a tag is served as, or would have. */
  | {
      readonly kind: 'tag-policy';
      readonly registry: string;
      /** `docker.io/library/alpine` */
      readonly repository: string;
      readonly tag: string;
      readonly mode: 'observe' | 'enforce';
      readonly reason: PolicyReason;
    }
  /** A tag has moved too soon for its cooldown for three times as long: once a day on each instance. */
  | {
      readonly kind: 'tag-stuck';
      readonly registry: string;
      /** `docker.io/library/alpine` */
      readonly repository: string;
      readonly tag: string;
      /** ISO 8601. */
      readonly since: string;
      /** The rule's `match`. */
      readonly rule: string;
    }
  /** The upstream no longer has a tag that this mirror has. */
  | {
      readonly kind: 'gone-upstream';
      readonly registry: string;
      /** `docker.io/library/alpine` */
      readonly repository: string;
      readonly tag: string;
      readonly digest: string;
      /** ISO 8601. */
      readonly since: string;
    }
  /** Requests to a registry are stopped because of its limit, or sent again. */
  | {
      readonly kind: 'circuit';
      readonly registry: string;
      /** `anonymous`, or the account's label or position. */
      readonly account: string;
      readonly circuit: CircuitKind;
      readonly isOpen: boolean;
    }
  /** A manifest was not requested because of a registry's limit. */
  | { readonly kind: 'pull-refused'; readonly registry: string; readonly account: string }
  /** A manifest is requested by GET. */
  | {
      readonly kind: 'pull';
      readonly registry: string;
      /** The client's network by its configured name, or `anonymous`. */
      readonly network: string;
    }
  /** Nothing proved that a repository is public, so clients that are no readers got a 404. */
  | {
      readonly kind: 'unproven-public';
      readonly registry: string;
      /** `docker.io/library/alpine` */
      readonly repository: string;
      readonly reason: string;
    }
  /** A request was over a limit of `clients`: it was refused, or answered with a Warning. */
  | {
      readonly kind: 'client-limited';
      /** The network whose limit it is, or `anonymous`: a key of `clients`. */
      readonly tier: string;
      /** Its key in the configuration. */
      readonly limit: 'pullsPerMinute' | 'bytesPerMonth' | 'largestBlob';
      readonly outcome: 'refused' | 'warned';
      /** Such requests of the tier since the last line in the log; undefined if this one gets no line. */
      readonly requests: number | undefined;
    }
  /** Bytes were passed on from an upstream without being stored. */
  | { readonly kind: 'passed-through'; readonly repository: string; readonly bytes: number }
  /** A store failed and the mirror continued without it. */
  | { readonly kind: 'store-failed'; readonly operation: string; readonly reason: string }
  | {
      readonly kind: 'evicted';
      readonly manifests: number;
      readonly blobs: number;
      readonly bytes: number;
      /** How many of the manifests were of tags' histories, whose time was not over. */
      readonly history?: number | undefined;
    }
  /** What must be kept is larger than the store may be, by this many bytes. */
  | { readonly kind: 'pins-exceed-limit'; readonly bytes: number };

/** The purpose of a request to an upstream. */
export type UpstreamPurpose = 'ping' | 'token' | 'manifest' | 'blob' | 'tags' | 'referrers';

/** An event of an upstream client, for logs, metrics and the ledger. Holds no secret. */
export type UpstreamEvent =
  | {
      readonly kind: 'upstream-request';
      readonly registry: string;
      readonly purpose: UpstreamPurpose;
      readonly method: 'GET' | 'HEAD';
      /** The repository's name; undefined for a ping. */
      readonly name: string | undefined;
      /** The HTTP status of the final answer, or the kind of UpstreamError without an answer. */
      readonly status: number | string;
      /** Until the headers arrived. */
      readonly milliseconds: number;
    }
  | {
      readonly kind: 'rate-limit';
      readonly registry: string;
      /** `anonymous`, or the account's label or position: others read the logs and the metrics. */
      readonly credentials: string;
      readonly rate: RateLimit;
      /** The same for the account of the registry that has the most left, if it has several. */
      readonly most?: RateLimit;
    }
  /** The registry refused or limited an account: for a while it is not used. */
  | {
      readonly kind: 'account-rests';
      readonly registry: string;
      /** Its label or position. */
      readonly account: string;
      readonly milliseconds: number;
      readonly reason: string;
    };
