import type { WorkerConfiguration } from './config/overrides.ts';

/** Written beside the bundle by the build, out of a configuration file: `configuration-module.ts`. */
export declare const configuration: WorkerConfiguration;
