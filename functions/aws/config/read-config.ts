import { readFileSync } from 'node:fs';
import type { Environment } from '../../core/config/environment.ts';
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
  const plain = plainConfig(json, environment);
  if (plain !== undefined) return plain;
  const { checkedConfig } = await import('./checked-config.ts');
  return checkedConfig(json, environment);
}
