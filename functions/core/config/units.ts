const milliseconds: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A whole number and a unit: `500ms`, `30s`, `5m`, `12h`, `30d`. */
export const durationPattern = /^(\d{1,9})(ms|s|m|h|d)$/;

/** The longest wait, in ms: a timer set to more than 24.8 days fires at once. */
export const longestWait = 24 * 86_400_000;

/** Reads a duration in ms; NaN if it is invalid. */
export function parseDuration(text: string): number {
  const [, count, unit = ''] = durationPattern.exec(text) ?? [];
  return Number(count) * (milliseconds[unit] ?? Number.NaN);
}

const bytes: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** A number and a unit, decimal (`50GB`) or binary (`1.5GiB`). Without a unit it means bytes. */
export const sizePattern = /^(\d{1,16}(?:\.\d{1,6})?)(B|[KMGT]B|[KMGT]iB)?$/;

/** Reads a size in bytes; NaN if it is invalid. */
export function parseSize(text: string): number {
  const [, count, unit = 'B'] = sizePattern.exec(text) ?? [];
  return Math.round(Number(count) * (bytes[unit] ?? 1));
}

/** Where a server listens. `host` is a name, an IPv4 address, or an IPv6 address without brackets. */
export interface ListenAddress {
  readonly host: string;
  /** 0 means any free one. */
  readonly port: number;
}

/** `HOST:PORT`, with the brackets that an IPv6 address needs (RFC 3986 §3.2.2). */
export function authorityOf({ host, port }: ListenAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** `HOST:PORT`, an IPv6 address in brackets. */
export const listenPattern =
  /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)):(\d{1,5})$/;

/** Reads `HOST:PORT`; undefined if it is invalid. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const [, bracketed, plain, digits] = listenPattern.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port > 65_535) return undefined;
  return { host, port };
}
