import { chmod, readFile, rm } from 'node:fs/promises';
import { join, parse, relative } from 'node:path';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';
import { engines, root, version } from '../project.ts';

/** A bundle: what it may be made of, how big it may get, and what is not in it. */
export interface Bundle {
  readonly entry: string;
  readonly outfile: string;
  /** The files that may be in it. */
  readonly inputs: RegExp;
  /** In bytes. */
  readonly budget: number;
  readonly external?: readonly string[];
  readonly minify?: boolean;
  readonly banner?: string;
  readonly target?: string;
  readonly alias?: Readonly<Record<string, string>>;
  /** Files that import() loads, each a bundle of its own beside this one. */
  readonly later?: readonly string[];
  /** Of those together, in bytes. */
  readonly laterBudget?: number;
  /** What import() loads is in files of its own, in a folder of the bundle's name, and shares its modules with it. */
  readonly split?: boolean;
}

/**
 * An import of node:http looks at all its exports, and since Node 22 some of them load fetch and the
 * Web streams: 20 ms of a new instance.
 */
const httpAsItIs: Plugin = {
  name: 'http as it is',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:https?$/ }, ({ path }) => ({ path, namespace: 'builtin' }));
    onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule('${path}')`,
    }));
  },
};

/**
 * The SDK's clients import their package.json for the version alone, and a SHA-256 in JavaScript for
 * engines without one.
 */
const withoutSdkSpares: Plugin = {
  name: 'without the spare parts of the SDK',
  setup({ onResolve, onLoad }) {
    onLoad({ filter: /@aws-sdk\/[^/]+\/package\.json$/ }, async ({ path }) => ({
      contents: JSON.stringify({ version: JSON.parse(await readFile(path, 'utf8')).version }),
      loader: 'json',
    }));
    onResolve({ filter: /^\.\/Sha256Js$/ }, () => ({
      path: `${root}scripts/build/sdk-unused.ts`,
    }));
  },
};

/** Builds a bundle and prints its size. Throws an Error if it has strange inputs or is too big. */
export async function buildBundle(bundle: Bundle): Promise<void> {
  const { outfile, banner = '', later = [], split } = bundle;
  const started = performance.now();
  const { dir, name } = parse(outfile);
  if (later.length > 0) await rm(`${root}${dir}`, { recursive: true, force: true });
  if (split) await rm(`${root}${dir}/${name}`, { recursive: true, force: true });
  const { metafile } = await build(optionsOf(bundle));
  const { bytes, laterBytes } = checkedSizes(bundle, metafile);
  if (banner.startsWith('#!')) await chmod(`${root}${outfile}`, 0o755);
  const milliseconds = Math.round(performance.now() - started);
  const andLater = laterBytes > 0 ? ` and ${Math.round(laterBytes / 1000)} kB later` : '';
  console.log(`${outfile}: ${Math.round(bytes / 1000)} kB${andLater} in ${milliseconds} ms`);
}

/** What esbuild is told of a bundle. */
export function optionsOf(bundle: Bundle) {
  const { entry, outfile, banner = '', later = [] } = bundle;
  const { dir, name, ext } = parse(outfile);
  return {
    absWorkingDir: root,
    entryPoints: [
      { in: entry, out: name },
      ...later.map((file) => ({ in: file, out: parse(file).name })),
    ],
    outdir: dir,
    outExtension: { '.js': ext },
    bundle: true,
    splitting: bundle.split ?? false,
    chunkNames: `${name}/[name]-[hash]`,
    plugins: [withoutSdkSpares, ...(later.length > 0 ? [loadedLater(later, ext), httpAsItIs] : [])],
    platform: 'node',
    target: bundle.target ?? 'node20',
    supported: { 'dynamic-import': true },
    format: 'esm',
    minify: bundle.minify ?? false,
    sourcemap: 'linked',
    sourcesContent: false,
    banner: { js: banner },
    define: {
      pullfrontVersion: JSON.stringify(version),
      leastNode: JSON.stringify(engines.node.replace('>=', '')),
    },
    external: [...(bundle.external ?? [])],
    alias: { ...bundle.alias },
    // The SDK's modules, of which only what is used is taken, and not its CommonJS.
    mainFields: ['module', 'main'],
    metafile: true,
    logLevel: 'warning',
  } satisfies BuildOptions;
}

function checkedSizes(bundle: Bundle, { inputs, outputs }: Metafile) {
  const { outfile, budget, laterBudget = 0 } = bundle;
  const strangers = Object.keys(inputs).filter(
    (input) => !bundle.inputs.test(input) && !input.startsWith('builtin:'),
  );
  if (strangers.length > 0) {
    throw new Error(`${outfile} has strange inputs: ${strangers.join(', ')}`);
  }
  const code = Object.entries(outputs).filter(([file]) => !file.endsWith('.map'));
  const all = code.reduce((sum, [, output]) => sum + output.bytes, 0);
  const bytes = outputs[outfile]?.bytes ?? Number.POSITIVE_INFINITY;
  const laterBytes = all - bytes;
  if (bytes > budget) throw new Error(`${outfile} has ${bytes} bytes, more than ${budget}`);
  if (laterBytes > laterBudget) {
    throw new Error(
      `${parse(outfile).dir} loads ${laterBytes} bytes later, more than ${laterBudget}`,
    );
  }
  return { bytes, laterBytes };
}

/** Leaves what is imported by import() to the bundles of those files. */
function loadedLater(files: readonly string[], ext: string): Plugin {
  return {
    name: 'loaded later',
    setup({ onResolve }) {
      onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) => {
        if (kind !== 'dynamic-import') return undefined;
        const file = relative(root, join(resolveDir, path));
        if (!file.startsWith('functions/')) return undefined;
        if (!files.includes(file)) {
          return { errors: [{ text: `${file} is loaded later and has no bundle` }] };
        }
        return { path: `./${parse(file).name}${ext}`, external: true };
      });
    },
  };
}
