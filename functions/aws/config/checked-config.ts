import type { Environment } from '../../core/config/environment.ts';
import { parseConfig } from '../../core/config/parse-config.ts';
import { problemText } from '../../core/config/problems.ts';
import type { FunctionConfig } from './plain-config.ts';

const onAws = { from: 'the function', path: ['store'], value: 'aws' };

/** Checks a whole configuration. Throws an Error that has all its mistakes. */
export function checkedConfig(json: unknown, environment: Environment): FunctionConfig {
  const parsed = parseConfig(json, environment, [onAws]);
  if ('problems' in parsed) {
    const lines = parsed.problems.map((problem) => `\n  ${problemText(problem)}`);
    throw new Error(`the configuration cannot be used:${lines.join('')}`);
  }
  const { aws } = parsed.ok;
  if (aws === undefined) throw new Error('the configuration has no section "aws"');
  return { ...parsed.ok, aws };
}
