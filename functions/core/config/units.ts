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

/** A number and a unit, decimal (`50GB`) or binary (`1.5GiB`). Only 0 needs no unit. */
export const sizePattern = /^(?:0|(\d{1,16}(?:\.\d{1,6})?)(B|[KMGT]B|[KMGT]iB))$/;

/** Reads a size in bytes; NaN if it is invalid. */
export function parseSize(text: string): number {
  if (text === '0') return 0;
  const [, count, unit = ''] = sizePattern.exec(text) ?? [];
  return Math.round(Number(count) * (bytes[unit] ?? Number.NaN));
}

/** A percentage: `20%`, `12.5%`. */
export const percentPattern = /^(\d{1,3}(?:\.\d{1,3})?)%$/;

/** Reads a percentage as a share from 0 to 1; NaN if it is invalid. */
export function parsePercent(text: string): number {
  const share = Number(percentPattern.exec(text)?.[1]) / 100;
  return share <= 1 ? share : Number.NaN;
}

/**
 * Where a server listens: `host` is a name, an IPv4 address, or an IPv6 address without brackets, and
 * port 0 any free one. Or the path of a Unix socket.
 */
export type ListenAddress =
  | { readonly host: string; readonly port: number }
  | { readonly socket: string };

/** `HOST:PORT`, with the brackets that an IPv6 address needs (RFC 3986 §3.2.2), or `unix:/path`. */
export function authorityOf(address: ListenAddress): string {
  if ('socket' in address) return `unix:${address.socket}`;
  const { host, port } = address;
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** `HOST:PORT`, an IPv6 address in brackets; `:PORT`, `PORT` or `unix:PATH`. */
export const listenPattern =
  /^(?:(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?))?:(\d{1,5})|(\d{1,5})|unix:(?:\/\/)?([^\0]{1,103}))$/;

/**
 * Reads an address to listen on; undefined if it is invalid. `:PORT` means all addresses, as in Go, and
 * a port alone the loopback address of the default.
 */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const [, bracketed, plain, digits, alone, socket] = listenPattern.exec(text) ?? [];
  if (socket !== undefined) return { socket };
  const port = Number(digits ?? alone);
  if (!(port <= 65_535)) return undefined;
  return { host: alone === undefined ? (bracketed ?? plain ?? '::') : '127.0.0.1', port };
}
