import { readFileSync } from 'node:fs';
import type { Environment } from '../core/config/environment.ts';
import { type Problem, problemText, unsetVariable } from '../core/config/problems.ts';
import type { AwsConfig, Config } from '../core/config/resolve.ts';
import { isResolved, passwordVariables, readResolved } from '../core/config/resolved.ts';
import type { ServiceConfig } from '../core/service/create-service.ts';

/** The configuration of a function. */
export type FunctionConfig = ServiceConfig &
  Pick<Config, 'log'> & {
    readonly aws: AwsConfig;
  };

/** Relative to the bundle. */
const defaultFile = './configuration.json';

/**
 * Reads the resolved configuration of a function, from the file in PULLFRONT_CONFIG (relative to the
 * bundle), and applies the variables. Throws an Error that lists all mistakes.
 */
export function readConfiguration(environment: Environment, bundle: string): FunctionConfig {
  const file = environment.PULLFRONT_CONFIG || defaultFile;
  const json: unknown = JSON.parse(readFileSync(new URL(file, bundle), 'utf8'));
  if (!isResolved(json)) {
    throw new Error(
      `${file} is not a resolved configuration; create one with "pullfront config resolve"`,
    );
  }
  const { config, problems } = readResolved(json, environment);
  const all = [...problems, ...unsetPasswords(config, environment)];
  if (all.length > 0) {
    const lines = all.map((problem) => `\n  ${problemText(problem)}`);
    throw new Error(`invalid configuration:${lines.join('')}`);
  }
  const { aws } = config;
  if (aws === undefined) throw new Error(`${file} was not resolved with --store aws`);
  return { ...config, aws };
}

function unsetPasswords(config: Config, environment: Environment): Problem[] {
  return passwordVariables(config)
    .filter((name) => !environment[name])
    .map((name) => ({ path: 'credentials.password.env', message: unsetVariable(name) }));
}
