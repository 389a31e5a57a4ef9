import { Clients } from '../../../../functions/core/clients/clients.ts';

/** Clients of a mirror without networks and proxies. */
export const anyClients = new Clients({ networks: {}, trustProxy: false }, () => 0);

/** A client of its own. */
export const clientOf = (address: string) =>
  anyClients.of({ remoteAddress: address, header: () => undefined });
