import type { Environment, Override } from '../../../../functions/core/config/environment.ts';
import { parseConfig } from '../../../../functions/core/config/parse-config.ts';
import { problemText } from '../../../../functions/core/config/problems.ts';
import type { Config } from '../../../../functions/core/config/resolve.ts';

/** A configuration that must be right. */
export function parsed(
  json: unknown,
  environment: Environment = {},
  options: readonly Override[] = [],
): Config {
  const result = parseConfig(json, environment, options);
  if ('ok' in result) return result.ok;
  throw new Error(result.problems.map(problemText).join('\n'));
}

/** The mistakes of a configuration, as people read them. */
export function mistakes(
  json: unknown,
  environment: Environment = {},
  options: readonly Override[] = [],
): string[] {
  const result = parseConfig(json, environment, options);
  return 'ok' in result ? [] : result.problems.map(problemText);
}
