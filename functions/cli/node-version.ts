/**
 * The message to print if the running Node is older than required; undefined if it is new enough.
 * Versions look like `20.18.1`. Old versions of Node run this, so it uses only methods of 2015.
 */
export function oldNodeMessage(running: string, required: string): string | undefined {
  const actual = numbersOf(running);
  const least = numbersOf(required);
  const differing = least.findIndex((number, place) => number !== actual[place]);
  if (differing === -1 || (actual[differing] as number) > (least[differing] as number)) return;
  return `pullfront: needs Node ${required} or newer, but this is Node ${running}; install a newer Node`;
}

function numbersOf(version: string): number[] {
  return version.split('.').map((number) => Number.parseInt(number, 10));
}
