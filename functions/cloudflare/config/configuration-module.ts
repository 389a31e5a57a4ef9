import { parseConfig } from '../../core/config/parse-config.ts';
import { type Problem, valueAt } from '../../core/config/problems.ts';
import type { Config } from '../../core/config/resolve.ts';
import type { WorkerConfiguration } from './overrides.ts';

/** The text of the module, or all mistakes of the configuration file. */
export type WrittenConfiguration =
  | { readonly ok: string; readonly config: Config }
  | { readonly problems: readonly Problem[] };

/**
 * Checks a configuration file's JSON and writes what the Worker needs of it as a module, to lie
 * beside the bundle as `configuration.js`. The values of secrets are neither needed nor written.
 */
export function writeConfiguration(json: unknown): WrittenConfiguration {
  const store = { from: 'the Worker', path: ['store'], value: 'cloudflare' };
  const parsed = parseConfig(json, secretsLater(json), [store]);
  if ('problems' in parsed) return parsed;
  const { cloudflare, defaultUpstream, upstreams, limits, log } = parsed.ok;
  const problems = [...upstreams].flatMap(([name, { credentials }]) =>
    credentials === undefined || 'env' in credentials.password ? [] : [passwordProblem(name)],
  );
  if (problems.length > 0) return { problems };
  const { level } = log;
  const written: WorkerConfiguration = {
    cloudflare,
    defaultUpstream,
    upstreams,
    limits,
    log: { level },
  };
  const text = `export const configuration = ${sourceOf(written)};\n`;
  return { ok: text, config: parsed.ok };
}

/** Passwords are secrets of the Worker: at build time nobody knows whether they are set. */
function secretsLater(json: unknown): Record<string, string> {
  const upstreams = valueAt(json, ['upstreams']);
  if (typeof upstreams !== 'object' || upstreams === null) return {};
  const names = Object.values(upstreams).map((one) =>
    valueAt(one, ['credentials', 'password', 'env']),
  );
  const texts = names.filter((name) => typeof name === 'string');
  return Object.fromEntries(texts.map((name) => [name, 'a secret of the Worker']));
}

function passwordProblem(name: string): Problem {
  return {
    path: `upstreams.${name}.credentials.password`,
    found: 'a file',
    expected: '{"env": "NAME"}, the name of a secret of the Worker',
  };
}

/** JavaScript that makes a value: unlike JSON it has patterns, URLs, maps and infinity. */
function sourceOf(value: unknown): string {
  if (value instanceof RegExp) return String(value);
  if (value instanceof URL) return `new URL(${JSON.stringify(value.href)})`;
  if (value instanceof Map) return `new Map(${sourceOf([...value])})`;
  if (Array.isArray(value)) return `[${value.map(sourceOf)}]`;
  if (typeof value !== 'object' || value === null) {
    return typeof value === 'string' ? JSON.stringify(value) : String(value);
  }
  const members = Object.entries(value).filter(([, one]) => one !== undefined);
  return `{${members.map(([key, one]) => `${JSON.stringify(key)}:${sourceOf(one)}`)}}`;
}
