// npm run test:mutants: plants faults in a copy of the code, and counts those that no test notices.
import { pathToFileURL } from 'node:url';
import { root } from './project.ts';

interface Mutants {
  main(args: readonly string[]): Promise<number>;
}

// The tests are a TypeScript project of their own, which this one does not refer to.
const { main }: Mutants = await import(pathToFileURL(`${root}test/mutants/mutants.ts`).href);
process.exit(await main(process.argv.slice(2)));
