import type { Resolved } from '../core/config/resolved.ts';

/** Written beside the bundle by the build, out of a configuration file: `core/config/resolve-file.ts`. */
export declare const configuration: Resolved;
