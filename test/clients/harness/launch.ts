import { binary } from './binary.ts';

/** The command line that starts a program with these arguments. */
export type Launch = (name: string, args: readonly string[]) => readonly [string, ...string[]];

/** Starts the programs of this machine; a path names one of another place. */
export const installed: Launch = (name, args) => [binary(name), ...args];
