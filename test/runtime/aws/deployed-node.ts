import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const installed = fileURLToPath(new URL('../../../node_modules/node24/bin/node', import.meta.url));

/** The Node that Lambda runs the functions with; this process's own where it could not be installed. */
export const deployedNode = existsSync(installed) ? installed : process.execPath;
