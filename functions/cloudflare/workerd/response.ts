/**
 * The same response, cut where its stream breaks. workerd ends a stream of unknown length as if it were
 * whole when it breaks, so a stream whose length is known goes out with its length.
 */
export function withFixedLength(response: Response): Response {
  const { body, headers } = response;
  const length = headers.get('content-length');
  if (body === null || length === null) return response;
  const { readable, writable } = new FixedLengthStream(Number(length));
  // Its failure reaches the client by the cut, and the log by the mirror's own event.
  body.pipeTo(writable).catch(() => undefined);
  return new Response(readable, response);
}
