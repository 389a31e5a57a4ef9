// The command's entry. It is bundled on its own, without static imports and in the syntax of 2015, so
// that a Node that is too old can still print the message.
import { oldNodeMessage } from './node-version.ts';

/** The oldest Node that `engines` in package.json allows; set by the build. */
declare const leastNode: string;

// Without a listener SIGHUP ends the process, also while the rest is loaded. `serve` adds its own.
if (process.argv[2] === 'serve') process.on('SIGHUP', () => undefined);

const message = oldNodeMessage(process.versions.node, leastNode);
if (message === undefined) {
  import('./cli.js').catch((error: unknown) => {
    // The modules alone need more files than a very low limit allows.
    if ((error as { code?: unknown }).code === 'EMFILE') {
      console.error('pullfront: the limit of open files is too low; raise it: ulimit -n 4096');
      process.exit(1);
    }
    // Outside of the promise, so that it ends the process like any uncaught exception.
    setImmediate(() => {
      throw error;
    });
  });
} else {
  console.error(message);
  process.exitCode = 2;
}
