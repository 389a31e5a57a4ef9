import { write, writeSync } from 'node:fs';
import type { LogDestination } from './server-log.ts';

/** Lines are written in batches of about this many bytes. */
const batch = 4096;

/** The longest time that a line waits for its batch to fill, in ms. */
const flushDelay = 500;

/** The limit of buffered lines, in characters. Beyond it, lines are dropped. */
const mostBuffered = 1024 * 1024;

/** The pause before retrying an output that accepts nothing (a slow reader of a pipe), in ms. */
const retryPause = 100;

/** How often lost lines are reported, in ms. */
const reportInterval = 60_000;

/** How to open a standard output. */
export interface StandardOutputOptions {
  /** Default 1. */
  readonly fd?: number;
  /** Called at most once a minute with the reason why lines were lost. Default: standard error. */
  readonly onLost?: (reason: string) => void;
}

/**
 * Opens standard output, written in batches at most half a second late. If it cannot be written (a log
 * file on a full disk, a pipe without a reader), lines are lost and the server continues: pulls are
 * worth more than the log.
 */
export function standardOutput({
  fd = 1,
  onLost = reportOnStandardError,
}: StandardOutputOptions = {}): LogDestination {
  const output = new StandardOutput(fd, onLost);
  // For an exit by a second signal.
  process.once('exit', () => output.flushSync());
  return output;
}

class StandardOutput implements LogDestination {
  readonly #fd: number;
  readonly #onLost: (reason: string) => void;
  #buffered = '';
  #isWriting = false;
  #timer: NodeJS.Timeout | undefined;
  #reported = Number.NEGATIVE_INFINITY;

  constructor(fd: number, onLost: (reason: string) => void) {
    this.#fd = fd;
    this.#onLost = onLost;
  }

  write(line: string): void {
    if (this.#buffered.length > mostBuffered) {
      this.#lose('its reader is too slow');
      return;
    }
    this.#buffered += line;
    if (this.#buffered.length >= batch) this.#write();
    else this.#timer ??= setTimeout(() => this.#write(), flushDelay).unref();
  }

  /** Does not wait for a write in progress, so lines may be out of order. */
  flushSync(): void {
    const bytes = this.#take();
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    } catch (error) {
      this.#lose(error instanceof Error ? error.message : String(error));
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
        setTimeout(() => this.#send(bytes), retryPause).unref();
        return;
      }
      if (error) this.#lose(error.message);
      else if (count < bytes.length) return this.#send(bytes.subarray(count));
      this.#isWriting = false;
      // Write even less than a batch: its timer may have fired during this write.
      this.#write();
    });
  }

  #lose(reason: string): void {
    const now = Date.now();
    if (now - this.#reported < reportInterval) return;
    this.#reported = now;
    this.#onLost(reason);
  }
}

function reportOnStandardError(reason: string): void {
  process.stderr.write(`pullfront: log lines are being lost: ${reason}\n`);
}
