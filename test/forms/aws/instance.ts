import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { deployedNode } from './deployed-node.ts';

const bootstrap = fileURLToPath(new URL('./bootstrap.mjs', import.meta.url));

const running = new Set<ChildProcess>();

// A test that is cut short must not leave a function behind.
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A function: its bundle's folder, and what Lambda tells it. */
export interface FunctionSettings {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** In ms; an invocation that takes longer is killed with its instance. */
  readonly timeout: number;
  /** Called with all that an instance prints. */
  print(text: string): void;
}

/** An invocation failed, timed out, or its instance died. */
export class InvocationError extends Error {
  override readonly name = 'InvocationError';
}

interface Invocation {
  readonly id: string;
  readonly event: string;
  resolve(result: string): void;
  reject(error: Error): void;
}

/**
 * One execution environment of Lambda: a process of its own that gets one event at a time from a
 * Runtime API of its own, and is stopped while it waits for the next one.
 */
export class Instance {
  readonly #settings: FunctionSettings;
  readonly #server: Server;
  #child: ChildProcess | undefined;
  #waiting: ServerResponse | undefined;
  #current: Invocation | undefined;
  #failed = false;

  private constructor(settings: FunctionSettings) {
    this.#settings = settings;
    this.#server = createServer((message, response) => {
      this.#serve(message, response).catch((error: unknown) => response.destroy(asError(error)));
    });
  }

  /** Starts an instance; events may be given at once, and wait until it is initialised. */
  static async start(settings: FunctionSettings): Promise<Instance> {
    const instance = new Instance(settings);
    instance.#server.listen(0, '127.0.0.1');
    await once(instance.#server, 'listening');
    instance.#spawn();
    return instance;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** False once the process has ended. */
  get isAlive(): boolean {
    return !this.#failed;
  }

  /** Gives it an event and gets its result, both as JSON. Rejects with an InvocationError. */
  async invoke(event: string): Promise<string> {
    if (this.#failed) throw new InvocationError('the instance has ended');
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<string>((resolve, reject) => {
        this.#current = { id: randomUUID(), event, resolve, reject };
        timer = setTimeout(() => {
          reject(new InvocationError('the function timed out'));
          this.kill();
        }, this.#settings.timeout);
        this.#handOut();
      });
    } finally {
      clearTimeout(timer);
      this.#current = undefined;
    }
  }

  /** Ends it at once, whatever it does. */
  kill(): void {
    this.#failed = true;
    this.#child?.kill('SIGKILL');
  }

  /** Ends it and its Runtime API. */
  async close(): Promise<void> {
    this.kill();
    const child = this.#child;
    if (child !== undefined && running.has(child)) await once(child, 'exit');
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #spawn(): void {
    const { folder, environment, print } = this.#settings;
    const { port } = this.#server.address() as AddressInfo;
    const child = spawn(deployedNode, [bootstrap], {
      stdio: ['ignore', 'pipe', 'pipe'],
      // Nothing of this process: a function sees what Lambda gives it.
      env: {
        ...environment,
        AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
        LAMBDA_TASK_ROOT: folder,
      },
    });
    this.#child = child;
    running.add(child);
    child.stdout.on('data', (chunk: Buffer) => print(chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => print(chunk.toString()));
    child.once('exit', () => {
      running.delete(child);
      this.#failed = true;
      this.#current?.reject(new InvocationError('the instance has ended'));
    });
  }

  #handOut(): void {
    const waiting = this.#waiting;
    const current = this.#current;
    if (waiting === undefined || current === undefined) return;
    this.#waiting = undefined;
    this.#child?.kill('SIGCONT');
    waiting.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': current.id,
      'lambda-runtime-deadline-ms': String(Date.now() + this.#settings.timeout),
      'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:us-east-1:000000000000:function:test',
      'lambda-runtime-trace-id': 'Root=1-00000000-000000000000000000000000;Sampled=0',
    });
    waiting.end(current.event);
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = message.url?.replace('/2018-06-01/runtime/', '') ?? '';
    if (path === 'invocation/next') {
      this.#waiting = response;
      if (this.#current !== undefined) this.#handOut();
      else this.#child?.kill('SIGSTOP');
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    response.writeHead(202).end('{}');
    const current = this.#current;
    if (path === `invocation/${current?.id}/response`) {
      this.#current = undefined;
      current?.resolve(text);
    } else {
      this.#current = undefined;
      current?.reject(new InvocationError(text));
    }
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
