/** `http://127.0.0.1:5000`, with the brackets that an IPv6 address needs (RFC 3986 §3.2.2). */
export function originOf(scheme: string, host: string, port: number): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
