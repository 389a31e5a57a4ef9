// npm run soak: the built server between failing registries and restless clients, for minutes.
import { pathToFileURL } from 'node:url';
import { root } from './project.ts';

interface Soak {
  main(args: readonly string[]): Promise<number>;
}

// The tests are a TypeScript project of their own, which this one does not refer to.
const { main }: Soak = await import(pathToFileURL(`${root}test/soak/soak.ts`).href);
process.exit(await main(process.argv.slice(2)));
