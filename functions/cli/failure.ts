import type { Config } from '../core/config/resolve.ts';
import { authorityOf } from '../core/config/units.ts';

/** A sentence for a system error's code, or its message. */
export function systemReason(error: unknown): string {
  const code = codeOf(error);
  const known = code === undefined ? undefined : reasons[code];
  if (known !== undefined) return known;
  return error instanceof Error ? error.message : String(error);
}

function codeOf(error: unknown): string | undefined {
  const coded = error instanceof Error && 'code' in error && typeof error.code === 'string';
  return coded ? (error.code as string) : undefined;
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'no permission',
  EPERM: 'no permission',
  EISDIR: 'a folder',
  ENOTDIR: 'a file where a folder should be',
  EEXIST: 'a file where a folder should be',
  EROFS: 'a read-only file system',
  ENOSPC: 'no space left',
};

/** Why a server did not start, in one line that says what to do. */
export function startFailure(error: unknown, config: Config): string {
  const code = codeOf(error);
  const address = authorityOf(config.listen);
  switch (code) {
    case 'EADDRINUSE':
      return `${address} is in use: stop what listens there, or choose another address with --listen HOST:PORT`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${address} is no address of this machine: choose another one with --listen HOST:PORT`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'ENOSPC':
    case 'ENOTDIR':
    case 'EEXIST':
      return isListening(error)
        ? `no permission to listen on ${address}: choose a port above 1023 with --listen HOST:PORT`
        : `the data folder ${config.data}: ${systemReason(error)}; choose another one with --data DIR`;
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

/** The data folder is locked by a socket, whose address is a path and has no port. */
function isListening(error: unknown): boolean {
  return (
    error instanceof Error && 'syscall' in error && error.syscall === 'listen' && 'port' in error
  );
}
