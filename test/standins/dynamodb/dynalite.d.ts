declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** A server with the API of DynamoDB, in memory. */
  export default function dynalite(options?: {
    readonly createTableMs?: number;
    readonly deleteTableMs?: number;
  }): Server;
}
