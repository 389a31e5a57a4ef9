import type { WorkerConfiguration } from './config/worker-configuration.ts';

/** Written beside the bundle by the build, out of a configuration file: `configuration-module.ts`. */
export declare const configuration: WorkerConfiguration;
