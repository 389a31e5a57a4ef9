import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from '../core/config/resolve.ts';
import { authorityOf } from '../core/config/units.ts';
import { raiseLimit } from '../node/open-file-limit.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'a directory',
  ENOTDIR: 'not a directory',
  EEXIST: 'not a directory',
  EROFS: 'read-only file system',
  ENOSPC: 'no space left on the device',
};

/** Describes a system error by its code, or else by its message. */
export function systemReason(error: unknown): string {
  return reasons[fieldsOf(error).code ?? ''] ?? messageOf(error);
}

/** The exit code for wrong arguments and wrong configurations. */
export const misuse = 2;

/** Why a server did not start. */
export interface StartFailure {
  /** One line, which also says what to do. */
  readonly message: string;
  readonly exitCode: number;
}

/** Explains why a server did not start. */
export function startFailure(error: unknown, config: Config): StartFailure {
  const { listen, data } = config;
  const failed = (message: string, exitCode = 1) => ({ message, exitCode });
  const { code = '', syscall, port = -1, address: path } = fieldsOf(error);
  const address = authorityOf(listen);
  if ('socket' in listen && syscall === 'listen' && path === listen.socket) {
    return failed(
      `cannot listen on ${address}: ${socketReason(path, error)}; choose another path with --listen unix:PATH`,
    );
  }
  if (code === 'EADDRINUSE') {
    return failed(
      `${address} is already in use; stop the other program, or choose another address with --listen HOST:PORT`,
    );
  }
  if (['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN'].includes(code)) {
    return failed(
      `cannot listen on ${address}: not an address of this machine; choose another one with --listen HOST:PORT`,
    );
  }
  // The data folder is locked by a socket too, whose port is -1.
  if (code === 'EACCES' && syscall === 'listen' && port > 0) {
    return failed(
      `cannot listen on ${address}: permission denied; choose a port above 1023 with --listen HOST:PORT`,
    );
  }
  // A platform calls its error a mistake of the configuration.
  if (code === 'ERR_MISUSE') return failed(messageOf(error), misuse);
  if (code === 'EMFILE') return failed(`${messageOf(error)}; ${raiseLimit}`);
  if (code in reasons) {
    const message = `cannot use the data folder ${data}: ${systemReason(error)}; choose another one with --data DIR`;
    // A full disk is no mistake in the configuration.
    return failed(message, code === 'ENOSPC' ? 1 : misuse);
  }
  return failed(messageOf(error));
}

function socketReason(path: string, error: unknown): string {
  // Node says EACCES for a folder that is not there, too.
  if (!existsSync(dirname(path))) return 'no such folder';
  return fieldsOf(error).code === 'EADDRINUSE'
    ? 'another program listens there'
    : systemReason(error);
}

interface ErrorFields {
  readonly code?: string;
  readonly syscall?: string;
  readonly port?: number;
  readonly address?: string;
}

function fieldsOf(error: unknown): ErrorFields {
  return error instanceof Error ? (error as ErrorFields) : {};
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
