import type { S3Sdk } from '../../../../functions/aws/s3/sdk-client.ts';

/** A call of the SDK. */
export interface SdkCall {
  /** Without `Command`. */
  readonly name: string;
  readonly input: Record<string, unknown>;
  /** What middleware makes of the headers. */
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal | undefined;
  readonly isStreaming: boolean;
}

/** An SDK whose calls are kept and answered by a function. */
export function scriptedSdk(answer: (call: SdkCall) => object | Promise<object>) {
  const calls: SdkCall[] = [];
  class Command {
    readonly name: string;
    readonly input: Record<string, unknown>;
    readonly headers: Record<string, string> = {};
    readonly middlewareStack = {
      add: (middleware: (next: (args: object) => unknown) => (args: object) => unknown) =>
        middleware(() => undefined)({ request: this }),
    };

    constructor(name: string, input: Record<string, unknown>) {
      this.name = name;
      this.input = input;
    }
  }
  const sdk = new Proxy(
    {},
    {
      get: (_, property) =>
        class extends Command {
          constructor(input: Record<string, unknown>) {
            super(String(property).replace(/Command$/, ''), input);
          }
        },
    },
  );
  const client = (isStreaming: boolean) => ({
    async send({ name, input, headers }: Command, options: { abortSignal?: AbortSignal } = {}) {
      const call = { name, input, headers, signal: options.abortSignal, isStreaming };
      calls.push(call);
      return answer(call);
    },
  });
  const load = async () =>
    ({ sdk, client: client(false), streaming: client(true) }) as unknown as S3Sdk;
  return { calls, load };
}

/** An error as the SDK throws it. */
export function sdkError(status: number | undefined, name = 'Failed'): Error {
  return Object.assign(new Error(name), { name, $metadata: { httpStatusCode: status } });
}
