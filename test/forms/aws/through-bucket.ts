/**
 * Asks a mirror as a client does that follows a redirect to the bucket: the answer is the bucket's,
 * with what only the mirror says in its headers. Other redirects are given as they are.
 */
export async function throughBucket(request: Request, bucketEndpoint: string): Promise<Response> {
  const answer = await fetch(request, { redirect: 'manual' });
  const location = answer.headers.get('location');
  if (answer.status !== 307 || location === null || !location.startsWith(bucketEndpoint)) {
    return answer;
  }
  const range = request.headers.get('range');
  const stored = await fetch(location, {
    method: request.method,
    headers: range === null ? {} : { range },
  });
  const headers = new Headers(answer.headers);
  for (const name of ['content-length', 'content-type', 'content-range', 'accept-ranges']) {
    const value = stored.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  headers.delete('location');
  return new Response(stored.body, { status: stored.status, headers });
}
