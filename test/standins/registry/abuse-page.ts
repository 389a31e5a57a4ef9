/**
 * Docker Hub's answer to too many requests of any kind, as it is written to the socket. Historic
 * ones ended header lines with LF alone, which strict parsers refuse.
 */
export function abusePage(form: true | 'lf-only', method: string): string {
  const body = 'Too Many Requests (HAP429).\n';
  const head = [
    'HTTP/1.1 429 Too Many Requests',
    'Cache-Control: no-cache',
    'Connection: close',
    'Content-Type: text/plain',
    `Content-Length: ${body.length}`,
    'Retry-After: 60',
  ];
  const end = form === 'lf-only' ? '\n' : '\r\n';
  return `${head.join(end)}${end}${end}${method === 'HEAD' ? '' : body}`;
}
