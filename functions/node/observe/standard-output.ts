import { write, writeSync } from 'node:fs';
import type { LogDestination } from './server-log.ts';

/** So many bytes are written at once; what is less waits for more. */
const batch = 4096;

/** How long a line waits for others, in ms. */
const patience = 500;

/** Lines that wait while the output takes none, in characters; further ones are dropped. */
const mostWaiting = 1024 * 1024;

/** An output that takes nothing now (a slow reader of a pipe) is tried again so soon, in ms. */
const busyPause = 100;

/** How often it is told that lines are lost, in ms. */
const tellEvery = 60_000;

/** How a standard output is opened. */
export interface StandardOutputOptions {
  /** 1 unless said. */
  readonly fd?: number;
  /** Is told, at most once a minute, why lines were lost; standard error unless said. */
  readonly onLost?: (reason: string) => void;
}

/**
 * Standard output, written in batches at most half a second late. Where it cannot be written (a log
 * file on a full disk, a pipe without its reader) lines are lost and the server goes on: a log is
 * worth less than the pulls.
 */
export function standardOutput(options: StandardOutputOptions = {}): LogDestination {
  const output = new StandardOutput(options.fd ?? 1, options.onLost ?? tellStandardError);
  // Also at the end that a second signal makes.
  process.once('exit', () => output.flushSync());
  return output;
}

class StandardOutput implements LogDestination {
  readonly #fd: number;
  readonly #onLost: (reason: string) => void;
  #waiting = '';
  #isWriting = false;
  #timer: NodeJS.Timeout | undefined;
  #told = Number.NEGATIVE_INFINITY;

  constructor(fd: number, onLost: (reason: string) => void) {
    this.#fd = fd;
    this.#onLost = onLost;
  }

  write(line: string): void {
    if (this.#waiting.length > mostWaiting) {
      this.#lose('its reader is too slow');
      return;
    }
    this.#waiting += line;
    if (this.#waiting.length >= batch) this.#write();
    else this.#timer ??= setTimeout(() => this.#write(), patience).unref();
  }

  /** Behind a write under way the lines may come out of order; none waits for it. */
  flushSync(): void {
    const bytes = this.#take();
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    } catch (error) {
      this.#lose(messageOf(error));
    }
  }

  #take(): Buffer {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const bytes = Buffer.from(this.#waiting);
    this.#waiting = '';
    return bytes;
  }

  #write(): void {
    if (this.#isWriting) return;
    const bytes = this.#take();
    if (bytes.length > 0) this.#send(bytes);
  }

  #send(bytes: Buffer): void {
    this.#isWriting = true;
    write(this.#fd, bytes, (error, count) => {
      if (error?.code === 'EAGAIN') {
        setTimeout(() => this.#send(bytes), busyPause).unref();
        return;
      }
      if (error) this.#lose(error.message);
      else if (count < bytes.length) return this.#send(bytes.subarray(count));
      this.#isWriting = false;
      // Also what is less than a batch: its time may have come during the write.
      if (this.#waiting !== '') this.#write();
    });
  }

  #lose(reason: string): void {
    const now = Date.now();
    if (now - this.#told < tellEvery) return;
    this.#told = now;
    this.#onLost(reason);
  }
}

function tellStandardError(reason: string): void {
  process.stderr.write(`pullfront: lines of the log are lost: ${reason}\n`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
