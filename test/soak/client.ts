import { createHash } from 'node:crypto';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';

const timeoutMs = 60_000;

/** An answer and how it ended. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly digest: string;
  /** Whether the body ended as its framing says; false for one that broke. */
  readonly clean: boolean;
}

/** What a request is sent with. */
export interface Question {
  readonly method?: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  /** Leaves after this many bytes of body. */
  readonly cancelAfter?: number;
  /** Rests this long after each part of the body. */
  readonly pauseMs?: number;
}

/** Why there was no answer. */
export class NoAnswer extends Error {}

const agent = new Agent({ keepAlive: true, maxSockets: 128 });

/** Sends a request and reads the answer to its end; rejects with NoAnswer where there is none. */
export function ask(url: string, question: Question = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, cancelAfter = Number.POSITIVE_INFINITY } = question;
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent }, (answer) => {
      const hash = createHash('sha256');
      const parts: Buffer[] = [];
      let bytes = 0;
      const settle = (clean: boolean): void => {
        clearTimeout(timer);
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          body: Buffer.concat(parts),
          digest: `sha256:${hash.digest('hex')}`,
          clean,
        });
      };
      answer.on('data', (part: Buffer) => {
        hash.update(part);
        parts.push(part);
        bytes += part.length;
        if (bytes >= cancelAfter) sent.destroy();
        if (question.pauseMs === undefined) return;
        answer.pause();
        setTimeout(() => answer.resume(), question.pauseMs);
      });
      // `complete` is false for a body that is shorter than its framing says.
      answer.once('close', () => settle(answer.complete && bytes < cancelAfter));
      answer.on('error', () => undefined);
    });
    const timer = setTimeout(() => sent.destroy(new Error('timeout')), timeoutMs);
    sent.once('error', (error) => {
      clearTimeout(timer);
      reject(new NoAnswer(error.message));
    });
    sent.end();
  });
}

/** Closes the connections that are kept open. */
export function closeConnections(): void {
  agent.destroy();
}
