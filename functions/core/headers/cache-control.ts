/** True if a request's Cache-Control asks to confirm a stored answer (`no-cache`, RFC 9111 §5.2.1.4). */
export function asksToConfirm(cacheControl: string | undefined): boolean {
  if (cacheControl === undefined) return false;
  return cacheControl.split(',').some((directive) => directive.trim().toLowerCase() === 'no-cache');
}
