import { Command, Option } from 'commander';
import { type Override, upstreamOverride } from '../core/config/environment.ts';
import { type Problem, problemText } from '../core/config/problems.ts';
import { type ResolvedStore, resolveFile } from '../core/config/resolve-file.ts';
import { version } from '../core/config/version.ts';
import { misuse } from './failure.ts';
import { programHelp, serveHelp } from './help.ts';
import { loadConfig, readJson } from './load-config.ts';

interface ServeOptions {
  readonly config?: string;
  readonly listen?: string;
  readonly data?: string;
  readonly store?: string;
  readonly upstream: readonly string[];
}

function overridesOf({ upstream, ...options }: ServeOptions): Override[] {
  const scalars = (['listen', 'data', 'store'] as const).flatMap((key) =>
    options[key] === undefined ? [] : [{ from: `--${key}`, path: [key], value: options[key] }],
  );
  return [...scalars, ...upstream.map((value) => upstreamOverride('--upstream', value))];
}

/** Prints what is wrong with a configuration, one line per problem, and returns the exit code. */
function report(file: string | undefined, problems: readonly Problem[]): number {
  const [first = '', ...others] = problems.map(problemText);
  // A problem with the file's syntax already names it, and one with a variable or an option is not its own.
  const isNamed =
    file === undefined || first.startsWith(`${file}:`) || /^(?:PULLFRONT_|--)/.test(first);
  const text =
    others.length === 0
      ? `${isNamed ? '' : `${file}: `}${first}`
      : `${file ?? 'the configuration'} has ${problems.length} mistakes:\n  ${[first, ...others].join('\n  ')}`;
  process.stderr.write(`pullfront: ${text}\n`);
  return misuse;
}

async function runServe(options: ServeOptions): Promise<number> {
  const file = options.config || undefined;
  const load = () => loadConfig(file, process.env, overridesOf(options));
  const loaded = await load();
  if ('problems' in loaded) return report(file, loaded.problems);
  if (loaded.ok.store !== 'cloudflare') {
    // The other commands do without the server and its packages.
    const { serve } = await import('./commands/serve.ts');
    return serve(loaded, load);
  }
  const message = '"cloudflare" works only in a Worker: see infra/cloudflare/README.md';
  return report(file, [{ path: 'store', message }]);
}

async function runCheck(file: string): Promise<number> {
  const loaded = await loadConfig(file, process.env, []);
  if ('problems' in loaded) return report(file, loaded.problems);
  process.stdout.write(`${[`${file}: no mistakes`, ...loaded.notes].join('\nNote: ')}\n`);
  return 0;
}

async function runResolve(file: string, store: ResolvedStore): Promise<number> {
  const json = await readJson(file);
  const resolved = 'problems' in json ? json : resolveFile(json.ok, store, json.duplicates);
  if ('problems' in resolved) return report(file, resolved.problems);
  for (const note of resolved.notes) process.stderr.write(`Note: ${note}\n`);
  process.stdout.write(`${JSON.stringify(resolved.ok)}\n`);
  return 0;
}

const program = new Command('pullfront')
  .description('A pull-through mirror for container registries.')
  .version(version)
  .configureOutput({
    outputError: (text, write) => write(text.replace(/^error: /, 'pullfront: ')),
  })
  .showHelpAfterError(
    "Run 'pullfront --help' for the commands, or 'pullfront serve --help' for the options.",
  )
  .addHelpText('after', programHelp)
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : misuse));

program
  .command('serve')
  .description('run the mirror')
  .addOption(new Option('--config <file>', 'configuration file').env('PULLFRONT_CONFIG'))
  .option(
    '--listen <address>',
    'HOST:PORT, :PORT for all addresses, PORT for 127.0.0.1, or unix:PATH (default: 127.0.0.1:5000)',
  )
  .option('--data <dir>', 'folder for the index and the blobs (default: ./pullfront-data)')
  .addOption(
    new Option(
      '--store <store>',
      'where to keep the index and the blobs; memory is lost when the server stops (default: embedded)',
    ).choices(['embedded', 'memory', 'aws']),
  )
  .addOption(
    new Option('--upstream <name[=url]>', 'registry to mirror; can be repeated')
      .default([], 'docker.io')
      .argParser((value: string, previous: readonly string[]) => [...previous, value]),
  )
  .addHelpText('after', serveHelp)
  .action(async (options: ServeOptions) => {
    process.exitCode = await runServe(options);
  });

const config = program.command('config').description('check configuration files');

config
  .command('check')
  .description('report every mistake in a configuration file')
  .argument('<file>', 'configuration file')
  .action(async (file: string) => {
    process.exitCode = await runCheck(file);
  });

config
  .command('resolve')
  .description('print a configuration file in the form that functions and Workers read')
  .argument('<file>', 'configuration file')
  .addOption(
    new Option('--store <store>', 'deployment target')
      .choices(['aws', 'cloudflare'])
      .makeOptionMandatory(),
  )
  .action(async (file: string, { store }: { readonly store: ResolvedStore }) => {
    process.exitCode = await runResolve(file, store);
  });

await program.parseAsync();
