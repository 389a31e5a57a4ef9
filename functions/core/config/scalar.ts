import { isRegistryUrl } from './known-registries.ts';
import {
  durationPattern,
  type ListenAddress,
  parseDuration,
  parseListenAddress,
  parseSize,
  sizePattern,
} from './units.ts';

/** A scalar of the configuration as data: what can be read where the checker is not. */
export type Scalar = {
  /** For people. */
  readonly expected: string;
} & (
  | { readonly kind: 'text'; readonly pattern: string }
  | { readonly kind: 'word'; readonly words: readonly string[] }
  | { readonly kind: 'flag' }
  /** In ms. */
  | { readonly kind: 'duration'; readonly least: number; readonly most: number }
  /** In bytes. */
  | { readonly kind: 'size'; readonly least: number }
  | { readonly kind: 'server-url' }
  | { readonly kind: 'registry-url' }
  | { readonly kind: 'listen' }
);

/** What scalars are read as. */
export type ScalarValue = string | boolean | number | URL | ListenAddress;

/** Reads a scalar as a variable has it; undefined when the text is not one. */
export function readScalar(scalar: Scalar, text: string): ScalarValue | undefined {
  switch (scalar.kind) {
    case 'text':
      return new RegExp(scalar.pattern).test(text) ? text : undefined;
    case 'word':
      return scalar.words.includes(text) ? text : undefined;
    case 'flag':
      return text === 'true' || text === 'false' ? text === 'true' : undefined;
    case 'duration': {
      const milliseconds = durationPattern.test(text) ? parseDuration(text) : -1;
      return milliseconds >= scalar.least && milliseconds <= scalar.most ? milliseconds : undefined;
    }
    case 'size': {
      const bytes = sizePattern.test(text) ? parseSize(text) : -1;
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
  }
}

/** Reads the URL of a server: by http or https, and without user, query and fragment. */
function readServerUrl(text: string): URL | undefined {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.username + url.password + url.search + url.hash === '' ? url : undefined;
}
