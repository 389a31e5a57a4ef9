import { accountPaths } from './account-checks.ts';
import type { SignIn } from './accounts.ts';
import { wellKnownRegistries } from './known-registries.ts';
import type { Overlay } from './overlay.ts';
import { type Path, valueAt } from './problems.ts';

/** What a configuration says besides its values, whether it is right or wrong. */
export interface Findings {
  /** The paths of the files that it names, by the place that names them. */
  readonly files: ReadonlyMap<string, string>;
  /** The accounts that sign in by a credential helper or Docker's configuration. */
  readonly signIns: readonly NamedSignIn[];
  /** What may surprise the author of a right configuration. */
  readonly notes: readonly string[];
}

/** How an account signs in, and at which registry. */
export interface NamedSignIn {
  /** The place that names the helper or the file. */
  readonly place: string;
  readonly registry: string;
  readonly url: URL;
  readonly signIn: Extract<SignIn, { kind: 'helper' | 'docker-config' }>;
}

/** `listed` are the upstreams that somebody wrote down; the default one is added to them. */
export function findingsOf(overlay: Overlay, listed: readonly string[]): Findings {
  const notes = [
    ...defaultNote(overlay, listed),
    ...readerNotes(overlay),
    ...tagRuleNotes(overlay),
  ];
  return { files: namedFiles(overlay), signIns: namedSignIns(overlay), notes };
}

function namedSignIns(overlay: Overlay): NamedSignIn[] {
  return overlay.keys(['upstreams']).flatMap((registry) => {
    const given = valueAt(overlay.json, ['upstreams', registry, 'url']);
    const text = typeof given === 'string' ? given : (wellKnownRegistries.get(registry) ?? '');
    if (!URL.canParse(text)) return [];
    const url = new URL(text);
    return accountPaths(overlay.json, registry).flatMap((path): NamedSignIn[] => {
      const named = (key: string) => {
        const value = valueAt(overlay.json, [...path, key]);
        return typeof value === 'string' ? value : undefined;
      };
      const [name, file] = [named('helper'), named('dockerConfig')];
      const at = (key: string) => ({ place: overlay.place([...path, key]), registry, url });
      return [
        ...(name === undefined
          ? []
          : [{ ...at('helper'), signIn: { kind: 'helper', name } as const }]),
        ...(file === undefined
          ? []
          : [{ ...at('dockerConfig'), signIn: { kind: 'docker-config', file } as const }]),
      ];
    });
  });
}

function namedFiles(overlay: Overlay): ReadonlyMap<string, string> {
  const paths: Path[] = [
    ['tls', 'cert'],
    ['tls', 'key'],
    ...overlay.keys(['upstreams']).flatMap((name) => [
      ['upstreams', name, 'ca'],
      ...accountPaths(overlay.json, name).flatMap((account) => [
        [...account, 'password', 'file'],
        [...account, 'dockerConfig'],
      ]),
    ]),
  ];
  const files = paths.flatMap((path): [string, string][] => {
    const value = valueAt(overlay.json, path);
    // An authority may be the PEM text itself; a blank path is a mistake of its own.
    const isPath = typeof value === 'string' && /\S/.test(value) && !value.includes('-----BEGIN');
    return isPath ? [[overlay.place(path), value]] : [];
  });
  return new Map(files);
}

/** An account that opens private repositories to everyone is legal, and seldom meant. */
function readerNotes(overlay: Overlay): string[] {
  return overlay.keys(['upstreams']).flatMap((name) =>
    accountPaths(overlay.json, name).flatMap((path) => {
      const readers = valueAt(overlay.json, [...path, 'readers']);
      if (!Array.isArray(readers) || !readers.includes('anyone')) return [];
      const place = overlay.place([...path, 'readers']);
      return [
        `${place}: anyone who can reach the mirror can read everything this account can read`,
      ];
    }),
  );
}

/** What rules about tags cannot do. */
function tagRuleNotes(overlay: Overlay): string[] {
  return overlay.keys(['upstreams']).flatMap((name) => {
    const rules = valueAt(overlay.json, ['upstreams', name, 'tags']);
    return (Array.isArray(rules) ? rules : []).flatMap((_, index) => {
      const path = ['upstreams', name, 'tags', index];
      const at = (key: string) => valueAt(overlay.json, [...path, key]);
      const texts: string[] = [];
      const mayRefuse = at('deny') === true || at('first') === 'refuse' || at('strict') === true;
      if (mayRefuse && at('mode') === 'enforce') {
        texts.push(fallbackText(name));
      }
      const never =
        at('cooldown') === undefined ? undefined : immutable(overlay, name, at('match'));
      if (never !== undefined) {
        texts.push(
          `holds only the first digest of tags that match immutableTags (${never}): once it is served, the registry is not asked about them again`,
        );
      }
      return texts.map((text) => `${overlay.place(path)}: ${text}`);
    });
  });
}

/** A refusal binds only clients that cannot go elsewhere. */
function fallbackText(registry: string): string {
  const clients =
    registry === 'docker.io'
      ? 'dockerd pulls from Docker Hub, and containerd resolves the tag there'
      : `containerd resolves the tag at ${registry} (dockerd mirrors only docker.io)`;
  return `binds only clients without a fallback: after a 403, ${clients}; see infra/docs/tags.md`;
}

/** What stars in a pattern of tags are taken for, to see whether an expression matches some of its tags. */
const starred = ['', '1', '1.2', '1.2.3', '20260101', 'latest'];

/** The first of `immutableTags` that matches tags of a rule. */
function immutable({ json }: Overlay, registry: string, match: unknown): string | undefined {
  const expressions = valueAt(json, ['upstreams', registry, 'immutableTags']);
  const [, tag = '*'] = String(match).split(':');
  const tags = starred.map((text) => tag.replaceAll('*', text));
  return (Array.isArray(expressions) ? expressions : []).find((one) => {
    if (typeof one !== 'string') return false;
    try {
      const expression = new RegExp(one);
      return tag === '*' || tags.some((text) => expression.test(text));
    } catch {
      return false;
    }
  });
}

function defaultNote({ json }: Overlay, listed: readonly string[]): string[] {
  const [first] = listed;
  const isChosen = valueAt(json, ['defaultUpstream']) !== undefined;
  if (first === undefined || isChosen || listed.includes('docker.io')) return [];
  return [
    `docker.io is mirrored too, as the default upstream; "defaultUpstream": "${first}" replaces it`,
  ];
}
