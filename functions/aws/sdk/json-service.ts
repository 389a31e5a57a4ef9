import type { Signer } from '../../core/signing/presigner.ts';
import { nodeHashing } from './aws-credentials.ts';
import { backOff } from './backoff.ts';
import { connectionsTo } from './connections.ts';
import { exchangeJson, NoAnswer } from './json-exchange.ts';
import { errorOfAnswer, ServiceError } from './service-error.ts';

/** A JSON object of a service, unchecked. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** How one call is made. */
export interface CallOptions {
  /** In ms, instead of the service's own. */
  readonly answerTimeout?: number;
  /** True for a call that must not be done twice: repeated only when it surely was not done. */
  readonly once?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** A service that speaks AWS's JSON protocol: DynamoDB, SQS, Secrets Manager. */
export interface JsonService {
  /** Calls an operation (`GetItem`) and gives its answer. Rejects with a ServiceError. */
  call(action: string, input: JsonObject, options?: CallOptions): Promise<JsonObject>;
  /** Opens a connection that the first call will use. */
  openAhead(): void;
  /** Ends the connections. */
  close(): void;
}

/** What the client of a service is made of; times in ms. */
export interface JsonServiceOptions {
  /** What stands before the operation in X-Amz-Target: `DynamoDB_20120810`, `AmazonSQS`. */
  readonly target: string;
  /** The version of the protocol: 1.0 but for Secrets Manager, which wants 1.1. */
  readonly version?: '1.0' | '1.1';
  readonly endpoint: string;
  readonly signer: Pick<Signer, 'headers'>;
  /** 1 s when absent. */
  readonly connectTimeout?: number;
  /** 3 s when absent. */
  readonly answerTimeout?: number;
  /** The clock of the pauses; Date.now when absent. */
  readonly now?: () => number;
}

const mostAttempts = 4;
/** No attempt begins later than this after the first: a client waits. In ms. */
const retryWindow = 1500;
const pauses = { first: 25 };
/**
 * A connection that was unused for so long is closed instead of used: a frozen function instance
 * does not hear that the other side closed it, and would wait for the timeout. In ms.
 */
const longestIdle = 45_000;

/** Opens the client of a service. Nothing is connected before the first call, or `openAhead`. */
export function createJsonService(options: JsonServiceOptions): JsonService {
  const { target, signer, version = '1.0', now = Date.now } = options;
  const url = new URL(options.endpoint);
  const connections = connectionsTo(url);
  const outage = new Outage(now);
  let lastUsed = now();

  async function attempt(action: string, text: string, call: CallOptions): Promise<JsonObject> {
    const name = `${target}.${action}`;
    const body = Buffer.from(text);
    const headers = {
      'content-type': `application/x-amz-json-${version}`,
      'x-amz-target': name,
    };
    const bodyHash = nodeHashing.sha256Hex(body);
    const signed = await signer.headers({ method: 'POST', url, headers, bodyHash });
    const { status, text: answer } = await exchangeJson({
      name,
      url,
      body,
      agent: connections.agent,
      headers: signed,
      connectTimeout: options.connectTimeout ?? 1000,
      answerTimeout: call.answerTimeout ?? options.answerTimeout ?? 3000,
      signal: call.signal,
    });
    const parsed = parseObject(answer);
    if (status !== 200) throw errorOfAnswer(name, status, parsed ?? {});
    if (parsed !== undefined) return parsed;
    const about = { code: 'BadAnswer', status, retryable: true, untouched: false };
    throw new ServiceError(`${name}: an answer that is no JSON object`, about);
  }

  async function call(
    action: string,
    input: JsonObject,
    callOptions: CallOptions = {},
  ): Promise<JsonObject> {
    if (outage.isResting) {
      const about = { code: 'Unreachable', retryable: true, untouched: true };
      throw new ServiceError(`${target}.${action}: not tried, the service did not answer`, about);
    }
    const began = now();
    if (began - lastUsed > longestIdle) connections.dropIdle();
    lastUsed = began;
    const text = JSON.stringify(input);
    for (let attempts = 1; ; attempts++) {
      try {
        const answer = await attempt(action, text, callOptions);
        outage.answered();
        return answer;
      } catch (error) {
        const mayRepeat =
          error instanceof ServiceError &&
          error.retryable &&
          (error.untouched || callOptions.once !== true) &&
          attempts < mostAttempts &&
          now() - began < retryWindow;
        if (!mayRepeat) {
          if (error instanceof NoAnswer) outage.failed();
          else if (error instanceof ServiceError) outage.answered();
          throw error;
        }
        const isStale = error instanceof NoAnswer && error.stale;
        if (!isStale) await backOff(attempts, pauses, callOptions.signal);
      }
    }
  }

  return {
    call,
    openAhead() {
      lastUsed = now();
      connections.openAhead();
    },
    close: connections.close,
  };
}

/** The address of a service in a region; regions in China have a domain of their own. */
export function serviceEndpoint(service: string, region: string): string {
  return `https://${service}.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
}

function parseObject(text: string): JsonObject | undefined {
  if (text === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return { ...value };
  } catch {
    return undefined;
  }
}

/** After so many calls in a row without an answer the service is taken to be down. */
const enoughFailures = 3;

/** How long it is then left alone, in ms. */
const rest = 2000;

/**
 * Remembers that a service does not answer, so that a pull which would ask it five times does not
 * wait five times for a timeout. After each rest one call tries it again.
 */
class Outage {
  readonly #now: () => number;
  #failures = 0;
  #restsUntil = 0;

  /** `now` in ms. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** True when a call need not be tried now. */
  get isResting(): boolean {
    if (this.#failures < enoughFailures) return false;
    const now = this.#now();
    if (now < this.#restsUntil) return true;
    // The one that asks now is the probe; the others rest until it is back.
    this.#restsUntil = now + rest;
    return false;
  }

  /** The service gave an answer, whatever it says. */
  answered(): void {
    this.#failures = 0;
  }

  /** A call had no answer. */
  failed(): void {
    this.#failures += 1;
    if (this.#failures >= enoughFailures) this.#restsUntil = this.#now() + rest;
  }
}
