/** A request's target in its parts. */
export interface Target {
  /** As sent, percent-encoding kept. */
  readonly path: string;
  /** As sent, without the question mark; empty when there is none. */
  readonly query: string;
  /** The registry the client means (distribution-spec §Registry Proxying); never empty. */
  readonly ns: string | undefined;
}

/** Splits a target such as `/v2/library/alpine/manifests/3?ns=docker.io`. Never throws. */
export function parseTarget(target: string): Target {
  const mark = target.indexOf('?');
  if (mark < 0) return { path: target, query: '', ns: undefined };
  const query = target.slice(mark + 1);
  return { path: target.slice(0, mark), query, ns: namespaceOf(query) || undefined };
}

/** containerd sends `ns` alone with every request: a whole parser for that costs microseconds. */
const nsAlone = /^ns=[a-z0-9.:-]*$/;

function namespaceOf(query: string): string | null {
  if (nsAlone.test(query)) return query.slice('ns='.length);
  return new URLSearchParams(query).get('ns');
}
