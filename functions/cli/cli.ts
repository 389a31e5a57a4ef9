import { Command, Option } from 'commander';
import { type Override, upstreamOverride } from '../core/config/environment.ts';
import { type Problem, problemText } from '../core/config/problems.ts';
import { type ResolvedStore, resolveFile } from '../core/config/resolve-file.ts';
import { version } from '../core/config/version.ts';
import { serve } from './commands/serve.ts';
import { loadConfig, readJson } from './load-config.ts';

const misuse = 2;

interface ServeOptions {
  readonly config?: string;
  readonly listen?: string;
  readonly data?: string;
  readonly store?: string;
  readonly upstream: readonly string[];
}

function overridesOf({ listen, data, store, upstream }: ServeOptions): Override[] {
  return [
    ...(listen === undefined ? [] : [{ from: '--listen', path: ['listen'], value: listen }]),
    ...(data === undefined ? [] : [{ from: '--data', path: ['data'], value: data }]),
    ...(store === undefined ? [] : [{ from: '--store', path: ['store'], value: store }]),
    ...upstream.map((one) => upstreamOverride('--upstream', one)),
  ];
}

function report(file: string | undefined, problems: readonly Problem[]): void {
  const count = problems.length === 1 ? 'a mistake' : `${problems.length} mistakes`;
  const lines = problems.map((problem) => `  ${problemText(problem)}\n`);
  const where = file === undefined ? 'the configuration' : file;
  process.stderr.write(`pullfront: ${where} has ${count}:\n${lines.join('')}`);
}

async function runServe(options: ServeOptions): Promise<number> {
  const file = options.config ?? (process.env.PULLFRONT_CONFIG || undefined);
  const load = () => loadConfig(file, process.env, overridesOf(options));
  const loaded = await load();
  if ('ok' in loaded) return serve(loaded.ok, load);
  report(file, loaded.problems);
  return misuse;
}

async function runCheck(file: string): Promise<number> {
  const loaded = await loadConfig(file, process.env, []);
  if ('problems' in loaded) {
    report(file, loaded.problems);
    return misuse;
  }
  process.stdout.write(`${file}: no mistakes\n`);
  return 0;
}

async function runResolve(file: string, store: ResolvedStore): Promise<number> {
  const json = await readJson(file);
  const resolved = 'problems' in json ? json : resolveFile(json.ok, store);
  if ('problems' in resolved) {
    report(file, resolved.problems);
    return misuse;
  }
  process.stdout.write(`${JSON.stringify(resolved.ok)}\n`);
  return 0;
}

const program = new Command('pullfront')
  .description('A pull-through mirror for container registries.')
  .version(version)
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : misuse));

program
  .command('serve')
  .description('serve the mirror until a signal comes')
  .option('--config <file>', 'the configuration file (or PULLFRONT_CONFIG)')
  .option('--listen <host:port>', 'the address to listen on (default 127.0.0.1:5000)')
  .option('--data <dir>', 'where everything is kept (default ./pullfront-data)')
  .option('--store <store>', 'where everything is kept: embedded (default) or aws')
  .option(
    '--upstream <name[=url]>',
    'a registry to mirror; may be given several times',
    (value: string, previous: readonly string[]) => [...previous, value],
    [],
  )
  .action(async (options: ServeOptions) => {
    process.exitCode = await runServe(options);
  });

const config = program.command('config').description('work with the configuration');

config
  .command('check')
  .description('report every mistake in a configuration file')
  .argument('<file>', 'the configuration file')
  .action(async (file: string) => {
    process.exitCode = await runCheck(file);
  });

config
  .command('resolve')
  .description('check a configuration file and print what a function or a Worker reads of it')
  .argument('<file>', 'the configuration file')
  .addOption(
    new Option('--store <store>', 'where it will be deployed')
      .choices(['aws', 'cloudflare'])
      .makeOptionMandatory(),
  )
  .action(async (file: string, { store }: { readonly store: ResolvedStore }) => {
    process.exitCode = await runResolve(file, store);
  });

await program.parseAsync();
