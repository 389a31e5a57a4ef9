import type { Plugin } from 'esbuild';

/** Takes out of the statements the white space that is there for readers. */
export const shortSql: Plugin;
