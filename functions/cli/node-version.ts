/**
 * What to print where the running Node is older than the least that works; undefined where it is
 * not. Both are versions like `20.18.1`. An old Node runs this: no method is newer than 2015.
 */
export function oldNodeMessage(running: string, least: string): string | undefined {
  const found = numbersOf(running);
  const wanted = numbersOf(least);
  // The first number that differs decides.
  const at = wanted.findIndex((number, place) => number !== found[place]);
  if (at === -1 || (found[at] as number) > (wanted[at] as number)) return undefined;
  return `pullfront: needs Node ${least} or newer; this is Node ${running}`;
}

function numbersOf(version: string): number[] {
  return version.split('.').map((number) => Number.parseInt(number, 10));
}
