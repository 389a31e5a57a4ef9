/**
 * A store refuses a call because too many ask at once, and did nothing. The same call may succeed a
 * second later. Any method of a store may reject with it.
 */
export class StoreBusy extends Error {
  override readonly name = 'StoreBusy';
}
