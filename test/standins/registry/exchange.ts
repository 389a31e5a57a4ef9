import type { IncomingMessage } from 'node:http';
import type { PullCounter } from './pull-limit.ts';
import type { RequestRecord } from './record.ts';
import type { Repositories } from './repositories.ts';
import type { Settings } from './settings.ts';
import type { SignedUrls } from './signed-url.ts';
import type { TokenService } from './token-service.ts';

/** The base URLs of the three listeners. */
export interface Origins {
  readonly registry: string;
  readonly token: string;
  readonly cdn: string;
}

/** One request with all that is needed to answer it. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly url: URL;
  readonly record: RequestRecord;
  readonly settings: Settings;
  readonly origins: Origins;
  readonly repositories: Repositories;
  readonly tokens: TokenService;
  readonly pulls: PullCounter;
  readonly signedUrls: SignedUrls;
}
