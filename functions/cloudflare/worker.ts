import { waitUntil } from 'cloudflare:workers';
import { version } from '../core/config/version.ts';
import { logGivenUp } from '../core/observe/event-line.ts';
import { logRequest } from '../core/observe/request-line.ts';
import type { FillJob } from '../core/ports/fill-queue.ts';
import { fromRequest } from '../core/registry/fetch.ts';
import { answerHealth } from '../core/service/health.ts';
import type { WorkerEnvironment } from './bindings.ts';
import { configuration } from './configuration.js';
import { type OpenedMirror, openMirror } from './open.ts';
import { workOn } from './queues/fill-queue.ts';
import { workerResponse } from './workerd/response.ts';

/** One for all requests of the isolate, which have the same environment. */
let opened: OpenedMirror | undefined;

function mirrorOf(environment: WorkerEnvironment): OpenedMirror {
  opened ??= openMirror(configuration, environment);
  return opened;
}

const worker: ExportedHandler<WorkerEnvironment> = {
  async fetch(request, environment) {
    const started = Date.now();
    const { registry, ports, log } = mirrorOf(environment);
    const asked = fromRequest(request);
    const answering = Promise.resolve(answerHealth(version, asked) ?? registry(asked));
    // Other requests may wait for what this one asked an upstream: its client may leave, it stays.
    waitUntil(answering);
    const answer = await answering;
    const { status, note, headers } = answer;
    // A stream that breaks later is cut by workerd, and told by the mirror's own event.
    const bytes = asked.method === 'HEAD' ? 0 : Number(headers['content-length'] ?? 0);
    if (bytes > 0) ports.ledger.count({ bytesServed: bytes });
    logRequest(log, {
      method: asked.method,
      status,
      note,
      userAgent: asked.header('user-agent'),
      milliseconds: Date.now() - started,
      written: { bytes, end: 'complete' },
    });
    return workerResponse(answer, asked.method);
  },

  async queue(batch, environment) {
    const { openFiller, log, fillTime } = mirrorOf(environment);
    const pauseAt = Date.now() + fillTime;
    const filler = openFiller();
    const handle = async (job: FillJob, delivery: number) => {
      const outcome = await filler.handleFill(job, { pauseAt, delivery });
      if (outcome.kind === 'given-up') {
        logGivenUp(log, job, outcome.reason);
      }
      return outcome;
    };
    await workOn(batch, handle, { givenUp: environment.GIVEN_UP });
  },
};

export default worker;
