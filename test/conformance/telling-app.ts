import type { Registry } from '../../functions/core/registry/create-registry.ts';
import { parseRoute, parseTarget } from '../../functions/core/registry/route.ts';
import { createApp } from '../../functions/core/service/app.ts';

/** A registry whose answer tells the target that it got, and how it read it. */
export const tellingRegistry: Registry = async ({ target }) => {
  const body = JSON.stringify({ target, route: parseRoute(parseTarget(target).path) });
  const note = { kind: 'other', form: 'root', upstreamCalls: 0 } as const;
  return { status: 200, headers: {}, body, note };
};

/** An app over that registry. */
export const tellingApp = createApp({
  registry: tellingRegistry,
  health: () => 'ok',
  unexpected: (error) => console.error(error),
});
