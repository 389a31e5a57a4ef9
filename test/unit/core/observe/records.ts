import type { RequestRecord } from '../../../../functions/core/observe/request-line.ts';

/** A record of a pull by tag, with changes. */
export function record(changes: Partial<RequestRecord> = {}): RequestRecord {
  return {
    method: 'GET',
    status: 200,
    note: {
      kind: 'manifest',
      form: 'ns',
      repository: 'docker.io/library/alpine',
      reference: '3.20',
      cache: 'hit',
      upstreamCalls: 0,
    },
    userAgent: 'containerd/1.6.20',
    milliseconds: 1.23456,
    written: { bytes: 528, end: 'complete' },
    ...changes,
  };
}
