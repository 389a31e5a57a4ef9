import { variableOf } from '../../core/config/environment.ts';
import type { Config, UpstreamConfig } from '../../core/config/resolve.ts';
import {
  durationPattern,
  isFillTime,
  parseDuration,
  parseSize,
  sizePattern,
} from '../../core/config/units.ts';
import { parseUrl } from '../../core/headers/link.ts';

/** A configuration with variables over it, and the names of those that mean nothing. */
export interface Overridden {
  readonly configuration: WorkerConfiguration;
  readonly ignored: readonly string[];
}

/**
 * Lays a Worker's variables over the configuration that was built in: the same names as everywhere
 * (`PULLFRONT_UPSTREAMS_DOCKER_IO_TAG_TTL`). A wrong value is ignored, as the one below it works.
 */
export function withVariables(
  built: WorkerConfiguration,
  variables: ReadonlyMap<string, string>,
): Overridden {
  const ignored = new Set([...variables.keys()].filter((name) => name.startsWith('PULLFRONT_')));
  const take = <Value>(path: readonly string[], standard: Value, read: Read<Value>): Value => {
    const name = variableOf(path);
    const text = variables.get(name);
    const value = text === undefined ? undefined : read(text);
    if (value !== undefined) ignored.delete(name);
    return value ?? standard;
  };
  const section: Section = (path, standard, reads) => {
    const taken = { ...standard };
    for (const key in reads) {
      const read = reads[key];
      if (read !== undefined) taken[key] = take([...path, key], standard[key], read);
    }
    return taken;
  };
  const upstreams = [...built.upstreams].map(([name, upstream]) => {
    const path = ['upstreams', name];
    const overridden = section(path, upstream, {
      url,
      tagTtl: duration,
      maxStale: duration,
      delivery: oneOf(['stream', 'redirect']),
      headersTimeout: duration,
      stallTimeout: duration,
    });
    const credentials = credentialsOf([...path, 'credentials'], upstream.credentials, section);
    return [name, { ...overridden, credentials }] as const;
  });
  return {
    configuration: {
      ...section([], built, {
        defaultUpstream: (name) => (built.upstreams.has(name) ? name : undefined),
      }),
      cloudflare: section(['cloudflare'], built.cloudflare, { fillTime }),
      upstreams: new Map(upstreams),
      limits: section(['limits'], built.limits, {
        maxBlobBytes: size,
        storeBytes: size,
        memoryBytes: size,
      }),
      log: section(['log'], built.log, {
        level: oneOf(['debug', 'info', 'warn', 'error', 'silent']),
      }),
    },
    ignored: [...ignored],
  };
}

/** A value as its variable spells it; undefined for a wrong one. */
type Read<Value> = (text: string) => Value | undefined;

/** A section of the configuration with the variables that say something of it. */
type Section = <Values extends object>(
  path: readonly string[],
  standard: Values,
  reads: { readonly [Key in keyof Values]?: Read<Values[Key]> },
) => Values;

function credentialsOf(
  path: readonly string[],
  built: UpstreamConfig['credentials'],
  section: Section,
): UpstreamConfig['credentials'] {
  const { password } = built ?? {};
  const place = password !== undefined && 'env' in password ? password.env : undefined;
  const { username } = section(path, { username: built?.username }, { username: text });
  const { env } = section([...path, 'password'], { env: place }, { env: text });
  return username === undefined || env === undefined ? built : { username, password: { env } };
}

function oneOf<Word extends string>(words: readonly Word[]): (text: string) => Word | undefined {
  return (given) => words.find((word) => word === given);
}

const text = (given: string) => given;

function duration(given: string): number | undefined {
  return durationPattern.test(given) ? parseDuration(given) : undefined;
}

function fillTime(given: string): number | undefined {
  const milliseconds = duration(given);
  return milliseconds !== undefined && isFillTime(milliseconds) ? milliseconds : undefined;
}

function size(given: string): number | undefined {
  return sizePattern.test(given) ? parseSize(given) : undefined;
}

function url(given: string): URL | undefined {
  const parsed = parseUrl(given);
  if (parsed === undefined) return undefined;
  const isWeb = parsed.protocol === 'https:' || parsed.protocol === 'http:';
  return isWeb && parsed.username === '' && parsed.password === '' ? parsed : undefined;
}

/**
 * The part of the configuration that a Worker uses: checked and resolved by the build, because the
 * checker would be a third of the bundle.
 */
export interface WorkerConfiguration
  extends Pick<Config, 'cloudflare' | 'defaultUpstream' | 'upstreams' | 'limits'> {
  readonly log: Pick<Config['log'], 'level'>;
}
