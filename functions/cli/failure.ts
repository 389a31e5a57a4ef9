import type { Config } from '../core/config/resolve.ts';
import { authorityOf } from '../core/config/units.ts';

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

/** Explains in one line why a server did not start and what to do. */
export function startFailure(error: unknown, { listen, data, tls }: Config): string {
  const { code = '', syscall, port = -1 } = fieldsOf(error);
  const address = authorityOf(listen);
  if (code === 'EADDRINUSE') {
    return `${address} is already in use; stop the other program, or choose another address with --listen HOST:PORT`;
  }
  if (['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN'].includes(code)) {
    return `cannot listen on ${address}: not an address of this machine; choose another one with --listen HOST:PORT`;
  }
  // The data folder is locked by a socket too, whose port is -1.
  if (code === 'EACCES' && syscall === 'listen' && port > 0) {
    return `cannot listen on ${address}: permission denied; choose a port above 1023 with --listen HOST:PORT`;
  }
  if (tls !== undefined && code.startsWith('ERR_OSSL_')) {
    return `cannot use the certificate ${tls.cert} with the key ${tls.key}: ${messageOf(error)}; check tls.cert and tls.key`;
  }
  if (code in reasons) {
    return `cannot use the data folder ${data}: ${systemReason(error)}; choose another one with --data DIR`;
  }
  return messageOf(error);
}

interface ErrorFields {
  readonly code?: string;
  readonly syscall?: string;
  readonly port?: number;
}

function fieldsOf(error: unknown): ErrorFields {
  return error instanceof Error ? (error as ErrorFields) : {};
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
