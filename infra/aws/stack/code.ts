import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const assembled = fileURLToPath(new URL('../.code/', import.meta.url));

/** The functions' bundles of `npm run build`. */
export type Bundle = 'pull' | 'fill';

function emptyFolder(name: string): string {
  const folder = join(assembled, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Assembles a folder with a built bundle and its resolved configuration, and returns its path. */
export function assembleFunction(bundle: Bundle, configuration: string): string {
  const built = join(root, 'dist/aws', bundle);
  if (!existsSync(join(built, 'index.mjs'))) {
    throw new Error(`${built}/index.mjs is missing; run npm run build`);
  }
  const folder = emptyFolder(bundle);
  cpSync(built, folder, { recursive: true, filter: (file) => !file.endsWith('.map') });
  writeFileSync(join(folder, 'configuration.json'), configuration);
  return folder;
}

/** The database of the embedded store is native code, which a function does not need. */
const withoutLmdb: Plugin = {
  name: 'without-lmdb',
  setup(bundler) {
    bundler.onResolve({ filter: /^lmdb$/ }, ({ path }) => ({ path, namespace: 'absent' }));
    bundler.onLoad({ filter: /.*/, namespace: 'absent' }, () => ({
      contents:
        'export const open = () => { throw new Error("the embedded store is not available in a function"); };',
    }));
  },
};

/**
 * Assembles a folder with the program and its packages in one file, the web function's entry and the
 * configuration, and returns its path.
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
    // Packages in CommonJS load Node's modules with require.
    banner: {
      js: "import { createRequire as toRequire } from 'node:module'; const require = toRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  const web = fileURLToPath(new URL('../web/', import.meta.url));
  cpSync(join(web, 'start-server.js'), join(folder, 'index.js'));
  cpSync(join(web, 'package.json'), join(folder, 'package.json'));
  cpSync(config, join(folder, 'pullfront.json'));
  return folder;
}
