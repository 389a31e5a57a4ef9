import { version } from '../config/version.ts';
import type { OwnPage } from './page-app.ts';

/** `closing`: the mirror answers what is under way, and nothing new should come. */
export type Health = 'ok' | 'closing';

/**
 * The page `/healthz`, the same on every platform. Anybody may ask for it, so nothing else is in it and
 * no store is read for it. `closing` is a 503, so that a load balancer sends no new clients.
 */
export function healthPage(status: Health): OwnPage {
  return {
    status: status === 'ok' ? 200 : 503,
    type: 'application/json',
    body: `${JSON.stringify({ status, version })}\n`,
  };
}
