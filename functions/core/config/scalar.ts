import { isRegistryUrl } from './known-registries.ts';
import { type NamedNetworks, readNetworks, readProxies, splitNames } from './network-list.ts';
import {
  type ListenAddress,
  parseDuration,
  parseListenAddress,
  parsePercent,
  parseSize,
} from './units.ts';

/** A scalar, or what else a variable can set, of the configuration as data, so that a function or a Worker reads it without zod. */
export type Scalar = {
  /** Completes the message "expected …". */
  readonly expected: string;
} & (
  | {
      readonly kind: 'text';
      readonly pattern: string;
      /** True for the path of a file or a folder. */
      readonly isPath?: true;
    }
  | { readonly kind: 'word'; readonly words: readonly string[] }
  | { readonly kind: 'flag' }
  | { readonly kind: 'percent' }
  /** In ms. */
  | { readonly kind: 'duration'; readonly least: number; readonly most: number }
  | { readonly kind: 'count'; readonly least: number }
  /** In bytes. */
  | { readonly kind: 'size'; readonly least: number }
  | { readonly kind: 'server-url' }
  | { readonly kind: 'registry-url' }
  | { readonly kind: 'listen' }
  /** A list: a variable separates its entries by commas or spaces. */
  | { readonly kind: 'names' }
  | { readonly kind: 'networks' }
  | { readonly kind: 'proxies' }
);

/** What a scalar is read as. */
export type ScalarValue =
  | string
  | boolean
  | number
  | URL
  | ListenAddress
  | readonly string[]
  | NamedNetworks;

/** The scalar that is one of some words. */
export function oneOf(words: readonly string[]): Scalar {
  const list = words.map((word) => `"${word}"`).join(', ');
  return { kind: 'word', words, expected: words.length === 1 ? list : `one of ${list}` };
}

/** Reads a scalar from the text of a variable; undefined if it is invalid. */
export function readScalar(scalar: Scalar, text: string): ScalarValue | undefined {
  switch (scalar.kind) {
    case 'text':
      return new RegExp(scalar.pattern).test(text) ? text : undefined;
    case 'word':
      return scalar.words.includes(text) ? text : undefined;
    case 'flag':
      return text === 'true' || text === 'false' ? text === 'true' : undefined;
    case 'percent': {
      const share = parsePercent(text);
      return Number.isNaN(share) ? undefined : share;
    }
    case 'duration': {
      const milliseconds = parseDuration(text);
      return milliseconds >= scalar.least && milliseconds <= scalar.most ? milliseconds : undefined;
    }
    case 'count':
      return /^\d{1,9}$/.test(text) && Number(text) >= scalar.least ? Number(text) : undefined;
    case 'size': {
      const bytes = parseSize(text);
      return bytes >= scalar.least ? bytes : undefined;
    }
    case 'server-url':
      return readServerUrl(text);
    case 'registry-url': {
      const url = readServerUrl(text);
      return url !== undefined && isRegistryUrl(url) ? url : undefined;
    }
    case 'listen':
      return parseListenAddress(text);
    case 'names':
      return splitNames(text);
    case 'networks':
      return readNetworks(text);
    case 'proxies':
      return readProxies(text);
  }
}

/** Reads an http or https URL without user, query and fragment. */
function readServerUrl(text: string): URL | undefined {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.username + url.password + url.search + url.hash === '' ? url : undefined;
}
