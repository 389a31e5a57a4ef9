/** The Content-Length in bytes; undefined when it is missing or no whole number (RFC 9110 §8.6). */
export function contentLength(headers: Headers): number | undefined {
  const text = headers.get('content-length') ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
