import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const assembled = fileURLToPath(new URL('../.code/', import.meta.url));

/** The bundles that `npm run build` makes. */
export type Bundle = 'pull' | 'fill';

function emptyFolder(name: string): string {
  const folder = join(assembled, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Puts a built bundle and its resolved configuration into one folder and gives its path. */
export function assembleFunction(bundle: Bundle, configuration: string): string {
  const built = join(root, 'dist/aws', bundle);
  if (!existsSync(join(built, 'index.mjs'))) {
    throw new Error(`${built}/index.mjs is missing: npm run build makes it`);
  }
  const folder = emptyFolder(bundle);
  cpSync(built, folder, { recursive: true, filter: (file) => !file.endsWith('.map') });
  writeFileSync(join(folder, 'configuration.json'), configuration);
  return folder;
}

/** The embedded store's database is native code and of no use in a function. */
const withoutLmdb: Plugin = {
  name: 'without-lmdb',
  setup(bundler) {
    bundler.onResolve({ filter: /^lmdb$/ }, ({ path }) => ({ path, namespace: 'absent' }));
    bundler.onLoad({ filter: /.*/, namespace: 'absent' }, () => ({
      contents:
        'export const open = () => { throw new Error("there is no embedded store here"); };',
    }));
  },
};

/**
 * Makes one file of the program and all its packages, with the web function's entry and the
 * configuration beside it, and gives the folder's path.
 */
export async function assembleWebFunction(config: string): Promise<string> {
  const folder = emptyFolder('web');
  await build({
    absWorkingDir: root,
    entryPoints: ['dist/cli.js'],
    outfile: join(folder, 'pullfront.mjs'),
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    plugins: [withoutLmdb],
    // Packages in CommonJS ask for Node's own modules by require.
    banner: {
      js: "import { createRequire as toRequire } from 'node:module'; const require = toRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  cpSync(
    fileURLToPath(new URL('../web/start-server.js', import.meta.url)),
    join(folder, 'index.js'),
  );
  cpSync(
    fileURLToPath(new URL('../web/package.json', import.meta.url)),
    join(folder, 'package.json'),
  );
  cpSync(config, join(folder, 'pullfront.json'));
  return folder;
}
