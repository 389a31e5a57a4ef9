import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Environment } from '../core/config/environment.ts';
import type { UpstreamFetch } from '../core/upstream/connection.ts';
import type { Destinations } from '../core/upstream/destinations.ts';
import { CertificateAuthorities } from './upstream/certificate-authorities.ts';
import { GuardedLookup } from './upstream/guarded-lookup.ts';
import { addressAttempts, NameLookup } from './upstream/name-lookup.ts';
import { fetchError } from './upstream/network-error.ts';
import { webBody, webHeaders } from './upstream/web-response.ts';

/** The connections of one upstream. */
interface Agents {
  readonly lookup: GuardedLookup;
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

/**
 * The fetch of the pull function, with the same rules as `openConnections` but without proxies. It needs
 * only what Lambda's Node has loaded anyway: undici would make each new instance slower.
 */
export function openHttpsFetch(environment: Environment): UpstreamFetch {
  const names = new NameLookup();
  const authorities = new CertificateAuthorities(environment, false);
  const byUpstream = new WeakMap<Destinations, Agents>();
  const agentsOf = (destinations: Destinations) => {
    const known = byUpstream.get(destinations);
    if (known !== undefined) return known;
    const secureContext = authorities.contextFor(destinations.ca);
    const kept = { keepAlive: true, ...addressAttempts };
    const agents = {
      lookup: new GuardedLookup(destinations, names),
      http: new HttpAgent(kept),
      https: new HttpsAgent({ ...kept, ...(secureContext && { secureContext }) }),
    };
    byUpstream.set(destinations, agents);
    return agents;
  };
  return async (text, { method, headers, signal, destinations }) => {
    const url = new URL(text);
    const agents = agentsOf(destinations);
    agents.lookup.checkUrl(url);
    const message = await new Promise<IncomingMessage>((resolve, reject) => {
      const isSecure = url.protocol === 'https:';
      const attempt = agents.lookup.connecting();
      const sent = (isSecure ? httpsRequest : httpRequest)(url, {
        method,
        headers,
        signal,
        agent: isSecure ? agents.https : agents.http,
        lookup: agents.lookup.for(url),
        maxHeaderSize: 256 * 1024,
      });
      sent.on('response', (answer) => {
        agents.lookup.connected(url.hostname, answer.socket.remoteAddress, attempt);
        resolve(answer);
      });
      sent.on('error', reject);
      sent.end();
    }).catch((error: unknown) => {
      throw signal.aborted ? error : fetchError(error, 'headers');
    });
    const status = message.statusCode ?? 0;
    const isEmpty = method === 'HEAD' || [204, 205, 304].includes(status);
    // Without a listener a connection that breaks now would end the process.
    if (isEmpty) message.on('error', () => undefined).resume();
    try {
      const init = { status, headers: webHeaders(message.headersDistinct) };
      return new Response(isEmpty ? null : webBody(message), init);
    } catch (error) {
      // The number is not a valid status.
      message.destroy();
      throw error;
    }
  };
}
