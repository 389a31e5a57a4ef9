import { parseConfig } from '../../../functions/core/config/parse-config.ts';
import { problemText } from '../../../functions/core/config/problems.ts';
import type { RunningMirror } from '../../../functions/core/mirror/create-mirror.ts';
import { jsonLog } from '../../../functions/core/observe/log.ts';
import type { TagStates } from '../../../functions/core/ports/tag-states.ts';
import { createService } from '../../../functions/core/service/create-service.ts';
import { openOnThisMachine } from '../../../functions/local/open.ts';
import { nodeRuntime } from '../../../functions/node/runtime.ts';
import { dataFolder, type MirrorUpstream } from './mirror.ts';

/** A mirror whose process has ended, opened in this process. */
export interface StoppedMirror {
  readonly tags: RunningMirror['tags'];
  readonly states: TagStates;
}

/** Changes what a mirror knows while its process does not run. */
export async function withStoppedMirror(
  folder: string,
  upstreams: Readonly<Record<string, MirrorUpstream>>,
  change: (mirror: StoppedMirror) => Promise<void>,
): Promise<void> {
  const parsed = parseConfig({ upstreams }, {}, []);
  if (!('ok' in parsed)) throw new Error(parsed.problems.map(problemText).join('\n'));
  const { runtime } = nodeRuntime(() => undefined);
  const platform = await openOnThisMachine(dataFolder(folder))({
    environment: {},
    runtime,
    log: jsonLog('error', () => undefined, runtime.now),
    fetch: () => Promise.reject(new Error('no upstream is needed')),
  });
  try {
    const { mirror } = createService(parsed.ok, platform);
    await change({ tags: mirror.tags, states: platform.ports.manifests });
    await mirror.stop();
  } finally {
    await platform.close();
  }
}
