/** Cloudflare ends an invocation of a queue's consumer after 15 minutes, and a pause takes a moment. */
const longest = 14 * 60_000;

/** In a shorter one not a part of a blob may come, so that nothing could be gone on from. */
const shortest = 1000;

/** What a fill time has to be, for people. */
export const expectedFillTime = 'a duration from 1s to 14m: "10m"';

/** True for a time that an invocation may fill, in ms. */
export function isFillTime(milliseconds: number): boolean {
  return milliseconds >= shortest && milliseconds <= longest;
}
