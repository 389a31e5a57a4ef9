import type { Fault } from './faults.ts';

/** How many manifest GETs one client may make. */
export interface PullLimit {
  /** GETs in a window for a client without credentials, counted by address. */
  readonly limit: number;
  readonly windowSeconds: number;
  /** GETs in a window for an account; default twice `limit`. */
  readonly accountLimit?: number;
  /** What a HEAD gets when nothing is left: Docker Hub was seen to do both. Default `200`. */
  readonly headWhenExhausted?: 200 | 429;
  /** Whether HEADs count, too. */
  readonly countsHeads?: boolean;
  /** A Retry-After value for the 429, in any form that is to be tried; default none. */
  readonly retryAfter?: string;
}

/** The switches of the stand-in; every one can be changed while it runs. */
export interface Settings {
  /** `anonymous`: a token is needed and given to anybody; `required`: only to an account. */
  auth: 'none' | 'anonymous' | 'required';
  accounts: readonly { readonly username: string; readonly password: string }[];
  /** Repositories that only a token of an account may read. */
  privateRepositories: readonly string[];
  /** Who refuses a scope: the registry by 401 (Docker Hub) or the token service by 403 (ghcr.io). */
  deniedBy: 'registry' | 'token';
  tokenSeconds: number;
  /** Whether the token service says `expires_in`. */
  tokenExpiresIn: boolean;
  tokenField: 'token' | 'access_token' | 'both';
  /** The realm named in challenges: this origin, an origin of its own, or any URL. */
  realm: 'same' | 'own' | (string & {});
  /** Replaces the whole WWW-Authenticate header. */
  challenge: string | undefined;

  pullLimit: PullLimit | undefined;
  /** Docker Hub's abuse page for every request; `lf-only` ends header lines without CR. */
  abusePage: boolean | 'lf-only';

  blobs: 'redirect' | 'stream';
  /** The origin that redirects of blobs lead to, instead of the second origin. */
  blobsAt: string | undefined;
  redirectStatus: 302 | 307;
  signedUrlSeconds: number;
  /** HEAD of a blob: redirected like GET, answered, or redirected to a URL signed for GET (a bug). */
  blobHead: 'redirect' | 'answer' | 'signed-for-get';
  /** Manifests are redirected to the second origin, as registry.k8s.io does. */
  manifestsRedirect: boolean;
  /** Answers an index by tag with one platform when Accept names no index, as Docker Hub does. */
  negotiate: boolean;

  /** The referrers API: there, absent (404), or a redirect to a web page (ghcr.io). */
  referrers: 'api' | 'none' | 'html';
  referrersFilter: boolean;
  referrersPageSize: number | undefined;
  tagsPageSize: number | undefined;
  /** The form of Link targets. */
  links: 'relative' | 'absolute';

  /** Whether Docker-Content-Digest is sent. */
  digestHeader: boolean;
  /** Sends a Docker-Content-Digest that is not the content's. */
  wrongDigestHeader: boolean;
  /** Replaces the Content-Type of manifests. */
  contentType: string | undefined;
  /** HEAD of a manifest is answered 405. */
  headUnsupported: boolean;
  /** HEAD of a tag names another digest than GET delivers. */
  headMismatch: boolean;
  /** Added to every answer of the registry. */
  responseHeaders: Readonly<Record<string, string | readonly string[]>>;

  faults: readonly Fault[];
}

/** A registry that works, like Docker Hub, without a limit and without tokens. */
export const defaultSettings: Settings = {
  auth: 'none',
  accounts: [{ username: 'user', password: 'pass' }],
  privateRepositories: [],
  deniedBy: 'registry',
  tokenSeconds: 300,
  tokenExpiresIn: true,
  tokenField: 'both',
  realm: 'same',
  challenge: undefined,
  pullLimit: undefined,
  abusePage: false,
  blobs: 'redirect',
  blobsAt: undefined,
  redirectStatus: 307,
  signedUrlSeconds: 1200,
  blobHead: 'redirect',
  manifestsRedirect: false,
  negotiate: true,
  referrers: 'api',
  referrersFilter: true,
  referrersPageSize: undefined,
  tagsPageSize: undefined,
  links: 'relative',
  digestHeader: true,
  wrongDigestHeader: false,
  contentType: undefined,
  headUnsupported: false,
  headMismatch: false,
  responseHeaders: {},
  faults: [],
};
