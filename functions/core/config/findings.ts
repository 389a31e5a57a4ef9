import { accountPaths } from './account-checks.ts';
import type { Overlay } from './overlay.ts';
import { type Path, valueAt } from './problems.ts';

/** What a configuration says besides its values, whether it is right or wrong. */
export interface Findings {
  /** The paths of the files that it names, by the place that names them. */
  readonly files: ReadonlyMap<string, string>;
  /** What may surprise the author of a right configuration. */
  readonly notes: readonly string[];
}

/** `listed` are the upstreams that somebody wrote down; the default one is added to them. */
export function findingsOf(overlay: Overlay, listed: readonly string[]): Findings {
  const notes = [...defaultNote(overlay, listed), ...readerNotes(overlay)];
  return { files: namedFiles(overlay), notes };
}

function namedFiles(overlay: Overlay): ReadonlyMap<string, string> {
  const paths: Path[] = [
    ['tls', 'cert'],
    ['tls', 'key'],
    ...overlay.keys(['upstreams']).flatMap((name) => [
      ['upstreams', name, 'ca'],
      ...accountPaths(overlay, name).flatMap((account) => [
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
    accountPaths(overlay, name).flatMap((path) => {
      const readers = valueAt(overlay.json, [...path, 'readers']);
      if (!Array.isArray(readers) || !readers.includes('anyone')) return [];
      const place = overlay.place([...path, 'readers']);
      return [
        `${place}: anyone who can reach the mirror can read everything this account can read`,
      ];
    }),
  );
}

function defaultNote({ json }: Overlay, listed: readonly string[]): string[] {
  const [first] = listed;
  const isChosen = valueAt(json, ['defaultUpstream']) !== undefined;
  if (first === undefined || isChosen || listed.includes('docker.io')) return [];
  return [
    `docker.io is mirrored too, as the default upstream; "defaultUpstream": "${first}" replaces it`,
  ];
}
