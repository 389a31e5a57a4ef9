import type { Resolved } from '../core/config/resolved.ts';

/** The build writes this module beside the bundle, from a configuration file (`core/config/resolve-file.ts`). */
export declare const configuration: Resolved;
