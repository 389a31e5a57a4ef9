// Prints a table of the steps of a run and, as the last line, the count of the tests. The argument is
// the folder with steps.tsv and the JSON of vitest for each suite. Exits with 1 if anything failed.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder] = process.argv.slice(2);
const steps = readFileSync(join(folder, 'steps.tsv'), 'utf8').trim().split('\n').map(readStep);
console.table(Object.fromEntries(steps.map(({ name, ...row }) => [name, row])));
const sum = (column) => steps.reduce((total, step) => total + step[column], 0);
const failed = sum('failed');
console.log(`Tests: ${sum('passed')} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

/** A step with its counts: a step without tests counts only when it failed. */
function readStep(line) {
  const [name, outcome, seconds] = line.split('\t');
  const file = join(folder, `${name}.json`);
  const counts = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  const skipped = counts?.numPendingTests ?? 0;
  // Everything that a test may need is installed here: what is skipped was not tested. `npm test`
  // alone may skip what needs more than Node and npm.
  const lost = (counts?.numFailedTests ?? 0) + (name === 'tests' ? 0 : skipped);
  // A suite that could not be loaded has no failed test.
  const failed = lost === 0 && outcome === 'failed' ? 1 : lost;
  return { name, seconds: Number(seconds), passed: counts?.numPassedTests ?? 0, failed, skipped };
}
