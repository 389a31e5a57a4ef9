import { readFileSync } from 'node:fs';
import type { Environment } from '../core/config/environment.ts';
import { type Problem, problemText } from '../core/config/problems.ts';
import type { AwsConfig, Config } from '../core/config/resolve.ts';
import { isResolved, passwordVariables, readResolved } from '../core/config/resolved.ts';

/** The configuration of a function. */
export type FunctionConfig = Pick<Config, 'defaultUpstream' | 'upstreams' | 'limits' | 'log'> & {
  readonly aws: AwsConfig;
};

/** Where the configuration is when no variable says otherwise: beside the bundle. */
const besideBundle = './configuration.json';

/**
 * Reads the configuration of a function: the resolved one that PULLFRONT_CONFIG names, relative to
 * the bundle, and the variables. Throws an Error that has all mistakes.
 */
export function readConfiguration(environment: Environment, bundle: string): FunctionConfig {
  const file = environment.PULLFRONT_CONFIG || besideBundle;
  const json: unknown = JSON.parse(readFileSync(new URL(file, bundle), 'utf8'));
  if (!isResolved(json)) {
    throw new Error(
      `${file} is not a resolved configuration: "pullfront config resolve" makes one of a file`,
    );
  }
  const { config, problems } = readResolved(json, environment);
  const all = [...problems, ...unsetPasswords(config, environment)];
  if (all.length > 0) {
    const lines = all.map((problem) => `\n  ${problemText(problem)}`);
    throw new Error(`the configuration cannot be used:${lines.join('')}`);
  }
  const { aws } = config;
  if (aws === undefined) throw new Error(`${file} was resolved for another store than "aws"`);
  return { ...config, aws };
}

function unsetPasswords(config: Config, environment: Environment): Problem[] {
  // The name is not shown: somebody may have written the password in its place.
  return passwordVariables(config)
    .filter((name) => !environment[name])
    .map(() => ({
      path: 'credentials.password.env',
      found: 'a variable that is not set',
      expected: 'one that holds the password',
    }));
}
