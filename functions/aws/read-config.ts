import { readFileSync } from 'node:fs';
import type { Environment } from '../core/config/environment.ts';
import { type FunctionConfig, plainConfig } from './plain-config.ts';

/**
 * Reads the configuration of a function: the file that PULLFRONT_CONFIG names, relative to the
 * bundle, and the variables. Rejects with an Error that has all mistakes.
 */
export async function readConfig(
  environment: Environment,
  bundle: string,
): Promise<FunctionConfig> {
  const file = environment.PULLFRONT_CONFIG;
  const json: unknown =
    file === undefined || file === ''
      ? {}
      : JSON.parse(readFileSync(new URL(file, bundle), 'utf8').replace(/^\uFEFF/, ''));
  return plainConfig(json, environment) ?? checkedConfig(json, environment);
}

const onAws = { from: 'the function', path: ['store'], value: 'aws' };

async function checkedConfig(json: unknown, environment: Environment): Promise<FunctionConfig> {
  const { parseConfig } = await import('../core/config.ts');
  const parsed = parseConfig(json, environment, [onAws]);
  if ('problems' in parsed) {
    const { problemText } = await import('../core/config/problems.ts');
    const lines = parsed.problems.map((problem) => `\n  ${problemText(problem)}`);
    throw new Error(`the configuration cannot be used:${lines.join('')}`);
  }
  const { aws } = parsed.ok;
  if (aws === undefined) throw new Error('the configuration has no section "aws"');
  return { ...parsed.ok, aws };
}
