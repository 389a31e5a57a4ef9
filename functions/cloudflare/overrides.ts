import { durationPattern, parseDuration } from '../core/config/durations.ts';
import { variableOf } from '../core/config/environment.ts';
import { isFillTime } from '../core/config/fill-time.ts';
import type { UpstreamConfig } from '../core/config/resolve.ts';
import { parseSize, sizePattern } from '../core/config/sizes.ts';
import type { WorkerConfiguration } from './worker-configuration.ts';

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
  const take: Take = (path, read, standard) => {
    const name = variableOf(path);
    const text = variables.get(name);
    const value = text === undefined ? undefined : read(text);
    if (value !== undefined) ignored.delete(name);
    return value ?? standard;
  };
  const { cloudflare, limits, log } = built;
  const upstreams = [...built.upstreams].map(
    ([name, upstream]) => [name, overriddenUpstream(name, upstream, take)] as const,
  );
  const known = (name: string) => (built.upstreams.has(name) ? name : undefined);
  return {
    configuration: {
      ...built,
      cloudflare: { fillTime: take(['cloudflare', 'fillTime'], fillTime, cloudflare.fillTime) },
      defaultUpstream: take(['defaultUpstream'], known, built.defaultUpstream),
      upstreams: new Map(upstreams),
      limits: {
        maxBlobBytes: take(['limits', 'maxBlobBytes'], size, limits.maxBlobBytes),
        storeBytes: take(['limits', 'storeBytes'], size, limits.storeBytes),
        memoryBytes: take(['limits', 'memoryBytes'], size, limits.memoryBytes),
      },
      log: { level: take(['log', 'level'], oneOf(levels), log.level) },
    },
    ignored: [...ignored],
  };
}

type Take = <Value>(
  path: readonly string[],
  read: (text: string) => Value | undefined,
  standard: Value,
) => Value;

function overriddenUpstream(name: string, built: UpstreamConfig, take: Take): UpstreamConfig {
  const at = (...path: readonly string[]) => ['upstreams', name, ...path];
  return {
    ...built,
    url: take(at('url'), url, built.url),
    credentials: credentials(at, built.credentials, take),
    tagTtl: take(at('tagTtl'), duration, built.tagTtl),
    maxStale: take(at('maxStale'), duration, built.maxStale),
    delivery: take(at('delivery'), oneOf(deliveries), built.delivery),
    headersTimeout: take(at('headersTimeout'), duration, built.headersTimeout),
    stallTimeout: take(at('stallTimeout'), duration, built.stallTimeout),
  };
}

function credentials(
  at: (...path: readonly string[]) => readonly string[],
  built: UpstreamConfig['credentials'],
  take: Take,
): UpstreamConfig['credentials'] {
  const { password } = built ?? {};
  const place = password !== undefined && 'env' in password ? password.env : undefined;
  const username = take(at('credentials', 'username'), text, built?.username);
  const env = take(at('credentials', 'password', 'env'), text, place);
  return username === undefined || env === undefined ? built : { username, password: { env } };
}

const levels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
const deliveries = ['stream', 'redirect'] as const;

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
  if (!URL.canParse(given)) return undefined;
  const parsed = new URL(given);
  const isWeb = parsed.protocol === 'https:' || parsed.protocol === 'http:';
  return isWeb && parsed.username === '' && parsed.password === '' ? parsed : undefined;
}
