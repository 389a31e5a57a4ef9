import { readFile } from 'node:fs/promises';

/**
 * Takes out of the statements the white space that is there for readers: no text within them has any.
 * @type {import('esbuild').Plugin}
 */
export const shortSql = {
  name: 'short-sql',
  setup({ onLoad }) {
    onLoad({ filter: /d1-statements\.ts$/ }, async ({ path }) => {
      const code = await readFile(path, 'utf8');
      const contents = code.replace(/`(?:[^`$]|\$(?!\{)|\$\{[^{}]*\})*`/g, (statement) =>
        statement.replace(/\s+/g, ' ').replace(/ ?(->>|[=(),<>+-]+) ?/g, '$1'),
      );
      return { contents, loader: 'ts' };
    });
  },
};
