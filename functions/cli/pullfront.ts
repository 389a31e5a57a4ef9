// The command's entry. It is built as a file of its own, without static imports and in syntax of 2015,
// because a Node that is too old has to get as far as the message.
import { oldNodeMessage } from './node-version.ts';

/** The least Node of package.json's `engines`; the build writes it in. */
declare const leastNode: string;

const message = oldNodeMessage(process.versions.node, leastNode);
if (message === undefined) {
  import('./cli.js').catch((error: unknown) => {
    // Thrown outside of a promise, it ends the process as an error of the entry would.
    setImmediate(() => {
      throw error;
    });
  });
} else {
  console.error(message);
  process.exitCode = 2;
}
