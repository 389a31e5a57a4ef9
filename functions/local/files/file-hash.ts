import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import type { DigestAlgorithm } from '../../core/oci/digest.ts';
import type { OpenFile } from './open-file.ts';

/** The hash of a file that is being written. */
export interface FileHash {
  /** The next bytes of the file, as they are handed to the disk. */
  update(bytes: Uint8Array): void;
  /** The file holds so many bytes now. */
  grown(written: number): void;
  /** Lower-case hex of the whole file, which is `size` bytes long; rejects when it cannot be read. */
  hex(size: number): Promise<string>;
  /** The hash is not wanted any more. */
  drop(): void;
}

/** Hashes on this thread, as the bytes pass: for small blobs, where a message costs more. */
export function passingHash(algorithm: DigestAlgorithm): FileHash {
  const hash = createHash(algorithm);
  return {
    update: (bytes) => void hash.update(bytes),
    grown: () => undefined,
    hex: async () => hash.digest('hex'),
    drop: () => undefined,
  };
}

/**
 * What the thread runs: plain text, so that it is the same from source and from a bundle. It reads
 * the file behind its writer, out of the page cache: so it vouches for what the file holds, and not
 * for what was meant to be written.
 */
const program = `
'use strict';
const { createHash } = require('node:crypto');
const { readSync } = require('node:fs');
const { parentPort } = require('node:worker_threads');
const buffer = Buffer.allocUnsafeSlow(512 * 1024);
const jobs = new Map();

function readUpTo(job, end) {
  while (job.at < end) {
    const count = readSync(job.fd, buffer, 0, Math.min(buffer.length, end - job.at), job.at);
    if (count === 0) throw new Error('the file is shorter than what was written to it');
    job.hash.update(count === buffer.length ? buffer : buffer.subarray(0, count));
    job.at += count;
  }
}

parentPort.on('message', ({ kind, id, fd, algorithm, end }) => {
  if (kind === 'begin') jobs.set(id, { fd, at: 0, hash: createHash(algorithm) });
  const job = jobs.get(id);
  if (kind === 'drop' || job === undefined) return jobs.delete(id);
  try {
    if (kind !== 'begin') readUpTo(job, end);
    if (kind !== 'end') return;
    parentPort.postMessage({ id, hex: job.hash.digest('hex') });
  } catch (error) {
    parentPort.postMessage({ id, problem: String(error) });
  }
  jobs.delete(id);
});
`;

type Answer = { readonly id: number } & ({ readonly hex: string } | { readonly problem: string });

interface Waiting {
  resolve(hex: string): void;
  reject(error: Error): void;
}

/** One more thread that hashes large blobs: SHA-256 of a fast fill would fill the main thread. */
export class HashThread {
  #worker: Worker | undefined;
  #lastId = 0;
  readonly #open = new Map<number, Waiting>();

  /** The hash of a file; its descriptor must stay open until the hash is known or dropped. */
  hash(algorithm: DigestAlgorithm, file: OpenFile): FileHash {
    this.#lastId += 1;
    const id = this.#lastId;
    const worker = this.#start();
    const result = new Promise<string>((resolve, reject) =>
      this.#open.set(id, { resolve, reject }),
    );
    // It is thrown where the hash is asked for.
    result.catch(() => undefined);
    worker.postMessage({ kind: 'begin', id, fd: file.fd, algorithm });
    return {
      update: () => undefined,
      grown: (end) => worker.postMessage({ kind: 'grown', id, end }),
      hex: (end) => {
        worker.postMessage({ kind: 'end', id, end });
        return result;
      },
      drop: () => {
        this.#forget(id);
        worker.postMessage({ kind: 'drop', id });
      },
    };
  }

  /** Ends the thread; hashes under way reject. */
  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #forget(id: number): void {
    this.#open.delete(id);
    if (this.#open.size === 0) this.#worker?.unref();
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(program, { eval: true, execArgv: [], env: {}, name: 'hash' });
    worker.on('message', (answer: Answer) => {
      const waiting = this.#open.get(answer.id);
      this.#forget(answer.id);
      if ('hex' in answer) waiting?.resolve(answer.hex);
      else waiting?.reject(new Error(`hashing failed: ${answer.problem}`));
    });
    const onEnd = (reason: unknown) => {
      if (this.#worker === worker) this.#worker = undefined;
      for (const waiting of this.#open.values()) {
        waiting.reject(new Error('the hashing thread ended', { cause: reason }));
      }
      this.#open.clear();
    };
    worker.on('error', onEnd);
    worker.on('exit', onEnd);
    this.#worker = worker;
    return worker;
  }
}
