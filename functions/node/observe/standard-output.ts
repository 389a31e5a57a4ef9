import { write, writeSync } from 'node:fs';
import type { LogDestination } from './server-log.ts';

/** Lines are written in batches of about this many bytes. */
const batch = 4096;

/** The limit of buffered lines, in characters. Beyond it, lines are dropped. */
const mostBuffered = 1024 * 1024;

/** The pause before retrying an output that accepts nothing (a slow reader of a pipe), in ms. */
const retryPause = 100;

/** How long the last lines may wait for a slow reader, in ms. */
const longestFlush = 5000;

/** How long a write in progress may take to reach the output once the process ends, in ms. */
const settleTime = 50;

/** How often lost lines are reported, in ms. */
const reportInterval = 60_000;

/** How to open a standard output. */
export interface StandardOutputOptions {
  /** Default 1. */
  readonly fd?: number;
  /** The longest time that a line waits for its batch to fill, in ms. Default 500. */
  readonly delay?: number;
  /** Called at most once a minute with the reason why lines were lost. Default: standard error. */
  readonly onLost?: (reason: string) => void;
}

/**
 * Opens standard output, written in batches at most `delay` late. If it cannot be written (a log file on
 * a full disk, a pipe without a reader), lines are lost and the server continues: pulls are worth more
 * than the log.
 */
export function standardOutput({
  fd = 1,
  delay = 500,
  onLost = reportOnStandardError,
}: StandardOutputOptions = {}): LogDestination {
  const output = new StandardOutput(fd, delay, onLost);
  // Also after an uncaught exception and at an exit by a second signal.
  process.once('exit', () => output.end());
  return output;
}

class StandardOutput implements LogDestination {
  readonly #fd: number;
  readonly #delay: number;
  readonly #onLost: (reason: string) => void;
  #buffered = '';
  #isWriting = false;
  /** What the output refused for now, although a write of it has begun. */
  #refused: Buffer | undefined;
  #timer: NodeJS.Timeout | undefined;
  #reported = Number.NEGATIVE_INFINITY;

  constructor(fd: number, delay: number, onLost: (reason: string) => void) {
    this.#fd = fd;
    this.#delay = delay;
    this.#onLost = onLost;
  }

  write(line: string, isUrgent = false): void {
    if (this.#buffered.length > mostBuffered) {
      this.#lose('its reader is too slow');
      return;
    }
    this.#buffered += line;
    if (isUrgent || this.#buffered.length >= batch) this.#write();
    else this.#timer ??= setTimeout(() => this.#write(), this.#delay).unref();
  }

  flushSync(): void {
    // A write in progress keeps the process alive and then writes the rest.
    if (!this.#isWriting || this.#refused !== undefined) this.#drain();
  }

  /** Writes the last lines of a process that is ending: no callback will run any more. */
  end(): void {
    // Another thread writes. It is not known when it is done, but it needs only microseconds.
    if (this.#isWriting && this.#refused === undefined) sleep(settleTime);
    this.#drain();
  }

  #drain(): void {
    const bytes = Buffer.concat([this.#refused ?? Buffer.of(), this.#take()]);
    this.#refused = this.#refused && Buffer.of();
    const deadline = Date.now() + longestFlush;
    for (let at = 0; at < bytes.length; ) {
      try {
        at += writeSync(this.#fd, bytes, at);
      } catch (error) {
        const isFull = error instanceof Error && 'code' in error && error.code === 'EAGAIN';
        if (!isFull || Date.now() > deadline) {
          this.#lose(error instanceof Error ? error.message : String(error));
          return;
        }
        sleep(retryPause / 10);
      }
    }
  }

  #take(): Buffer {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const bytes = Buffer.from(this.#buffered);
    this.#buffered = '';
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
        this.#refused = bytes;
        setTimeout(() => this.#retry(), retryPause).unref();
        return;
      }
      if (error) this.#lose(error.message);
      else if (count < bytes.length) return this.#send(bytes.subarray(count));
      this.#isWriting = false;
      // Write even less than a batch: its timer may have fired during this write.
      this.#write();
    });
  }

  #retry(): void {
    const bytes = this.#refused ?? Buffer.of();
    this.#refused = undefined;
    this.#isWriting = false;
    // A flush may have written it meanwhile.
    if (bytes.length > 0) this.#send(bytes);
    else this.#write();
  }

  #lose(reason: string): void {
    const now = Date.now();
    if (now - this.#reported < reportInterval) return;
    this.#reported = now;
    this.#onLost(reason);
  }
}

/** Blocks this thread. */
function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

function reportOnStandardError(reason: string): void {
  process.stderr.write(`pullfront: log lines are being lost: ${reason}\n`);
}
