import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import type { DigestAlgorithm } from '../../core/oci/digest.ts';
import type { OpenFile } from './open-file.ts';

/** The hash of a file that is being written. */
export interface FileHash {
  /** Takes the next bytes, as they are handed to the disk. */
  update(bytes: Uint8Array): void;
  /** Reports how many bytes are in the file now. */
  grown(written: number): void;
  /** Lower-case hex of the whole file of `size` bytes; rejects if the file cannot be read. */
  hex(size: number): Promise<string>;
  /** Frees the hash, with or without its result. */
  drop(): void;
}

/** Hashes the bytes on this thread: cheaper than messages to another one if a blob is small. */
export function streamHash(algorithm: DigestAlgorithm): FileHash {
  const hash = createHash(algorithm);
  return {
    update: (bytes) => void hash.update(bytes),
    grown: () => undefined,
    hex: async () => hash.digest('hex'),
    drop: () => undefined,
  };
}

/**
 * The thread's program, as text so that it works from source and in a bundle. It reads the file behind
 * its writer, from the page cache, so it hashes what the file contains, not what should be in it. Jobs
 * take turns, so that a large file does not hold up the others.
 */
const program = `
'use strict';
const { createHash } = require('node:crypto');
const { readSync } = require('node:fs');
const { parentPort } = require('node:worker_threads');
const buffer = Buffer.allocUnsafeSlow(512 * 1024);
const turn = 8 * 1024 * 1024;
const jobs = new Map();
let isRunning = false;

function readUpTo(job, end) {
  while (job.at < end) {
    const count = readSync(job.fd, buffer, 0, Math.min(buffer.length, end - job.at), job.at);
    if (count === 0) throw new Error('the file is shorter than what was written to it');
    job.hash.update(count === buffer.length ? buffer : buffer.subarray(0, count));
    job.at += count;
  }
}

function run() {
  isRunning = false;
  for (const [id, job] of jobs) {
    try {
      readUpTo(job, Math.min(job.end, job.at + turn));
      if (job.at < job.end) start();
      else if (job.isEnded) {
        jobs.delete(id);
        parentPort.postMessage({ id, hex: job.hash.digest('hex') });
      }
    } catch (error) {
      jobs.delete(id);
      parentPort.postMessage({ id, problem: String(error), code: error.code });
    }
  }
}

function start() {
  if (!isRunning) setImmediate(run);
  isRunning = true;
}

parentPort.on('message', ({ kind, id, fd, algorithm, end }) => {
  if (kind === 'begin') {
    jobs.set(id, { fd, at: 0, end: 0, hash: createHash(algorithm), isEnded: false });
  } else if (kind === 'drop') jobs.delete(id);
  const job = jobs.get(id);
  if (job === undefined || kind === 'begin') return;
  job.end = end;
  job.isEnded = kind === 'end';
  start();
});
`;

type Result = { readonly id: number } & (
  | { readonly hex: string }
  | { readonly problem: string; readonly code?: string }
);

/** A file could not be hashed; `code` is the system's, if it gave one. */
export class HashFailed extends Error {
  readonly code: string | undefined;

  constructor(problem: string, code: string | undefined) {
    super(`hashing failed: ${problem}`);
    this.code = code;
  }
}

interface Waiting {
  resolve(hex: string): void;
  reject(error: Error): void;
}

/** A thread that hashes large blobs: SHA-256 of a fast fill would block the main thread. */
export class HashThread {
  #worker: Worker | undefined;
  #lastId = 0;
  readonly #open = new Map<number, Waiting>();

  /** Hashes a file, whose descriptor must stay open until the hash is known or dropped. */
  hash(algorithm: DigestAlgorithm, file: OpenFile): FileHash {
    this.#lastId += 1;
    const id = this.#lastId;
    const worker = this.#start();
    const result = new Promise<string>((resolve, reject) =>
      this.#open.set(id, { resolve, reject }),
    );
    // `hex` reports it.
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

  /** Ends the thread; hashes in progress reject. */
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
    worker.on('message', (result: Result) => {
      const waiting = this.#open.get(result.id);
      this.#forget(result.id);
      if ('hex' in result) waiting?.resolve(result.hex);
      else waiting?.reject(new HashFailed(result.problem, result.code));
    });
    const onEnd = (reason: unknown) => {
      // After an error the thread also exits; by then its successor may have hashes of its own.
      if (this.#worker !== worker) return;
      this.#worker = undefined;
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
