import { waitUntil } from 'cloudflare:workers';
import { logGivenUp } from '../core/observe/event-line.ts';
import { requestIdOf } from '../core/observe/request-id.ts';
import { logRequest, unnoted } from '../core/observe/request-line.ts';
import type { FillJob } from '../core/ports/fill-queue.ts';
import type { Answer } from '../core/registry/answer.ts';
import { createService, type Service } from '../core/service/create-service.ts';
import type { WorkerEnvironment } from './bindings.ts';
import { configuration } from './configuration.js';
import { openPlatform, type WorkerPlatform } from './open.ts';
import { workOn } from './queues/fill-queue.ts';
import { withFixedLength } from './workerd/runtime.ts';

interface Opened {
  readonly platform: WorkerPlatform;
  readonly service: Service;
}

/** Shared by all requests of the isolate, which have the same environment. */
let opened: Opened | undefined;

function open(environment: WorkerEnvironment): Opened {
  const platform = openPlatform(configuration, environment);
  return { platform, service: createService(platform.configuration, platform) };
}

const worker: ExportedHandler<WorkerEnvironment> = {
  async fetch(request, environment) {
    const started = Date.now();
    opened ??= open(environment);
    const { ports, log } = opened.platform;
    let answer: Answer | undefined;
    const answered = (one: Answer) => {
      answer = one;
    };
    const answering = Promise.resolve(
      opened.service.app.fetch(request, {
        remoteAddress: request.headers.get('cf-connecting-ip') ?? undefined,
        answered,
      }),
    );
    // Other requests may share this one's upstream request, so it continues if its client disconnects.
    waitUntil(answering);
    const response = await answering;
    const { method, headers } = request;
    // If the stream breaks later, workerd cuts the connection and the mirror logs an event.
    const bytes = method === 'HEAD' ? 0 : Number(response.headers.get('content-length') ?? 0);
    if (bytes > 0) ports.ledger.count({ bytesServed: bytes });
    logRequest(log, {
      id: requestIdOf((name) => headers.get(name)),
      method,
      status: response.status,
      note: answer?.note ?? unnoted,
      userAgent: headers.get('user-agent') ?? undefined,
      milliseconds: Date.now() - started,
      written: { bytes, end: 'complete' },
    });
    return answer?.body instanceof ReadableStream ? withFixedLength(response) : response;
  },

  async queue(batch, environment) {
    opened ??= open(environment);
    const { log, configuration } = opened.platform;
    const pauseAt = Date.now() + configuration.cloudflare.fillTime;
    // Streams and signals of a fill belong to the invocation that created them.
    const filler = opened.service.createFiller();
    const { fillConcurrency: concurrency } = configuration.cloudflare;
    const handle = async (job: FillJob, delivery: number) => {
      const outcome = await filler.handleFill(job, { pauseAt, delivery, concurrency });
      if (outcome.kind === 'given-up') logGivenUp(log, job, outcome.reason);
      return outcome;
    };
    await workOn(batch, handle, { fills: environment.FILLS, givenUp: environment.GIVEN_UP });
  },
};

export default worker;
