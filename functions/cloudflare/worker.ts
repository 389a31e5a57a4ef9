import { waitUntil } from 'cloudflare:workers';
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
    const { registry, ports, log, version } = mirrorOf(environment);
    const asked = fromRequest(request);
    const answering = Promise.resolve(answerHealth(version, asked) ?? registry(asked));
    // Other requests may wait for what this one asked an upstream: its client may leave, it stays.
    waitUntil(answering);
    const answer = await answering;
    if (asked.method === 'GET' && answer.status < 300) {
      ports.ledger.count({ bytesServed: Number(answer.headers['content-length'] ?? 0) });
    }
    log.request(request, answer, Date.now() - started);
    return workerResponse(answer, asked.method);
  },

  async queue(batch, environment) {
    const { openFiller, log, fillTime } = mirrorOf(environment);
    const pauseAt = Date.now() + fillTime;
    const filler = openFiller();
    const handle = async (job: FillJob, delivery: number) => {
      const outcome = await filler.handleFill(job, { pauseAt, delivery });
      if (outcome.kind === 'given-up') {
        log.line('warn', 'fill given up', { digest: job.blob.digest, reason: outcome.reason });
      }
      return outcome;
    };
    await workOn(batch, handle, { givenUp: environment.GIVEN_UP });
  },
};

export default worker;
