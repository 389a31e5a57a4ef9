import {
  fillMessage,
  groupMessage,
  mostOfGroup,
  type ReadGroupMessage,
  readGroupMessage,
} from '../../core/mirror/fills/fill-message.ts';
import { repositoryKey } from '../../core/oci/repository.ts';
import type { FillJob } from '../../core/ports/fill-queue.ts';

/**
 * The blobs of a message are at most this large together, in bytes: two seconds of a fill function's network. A
 * larger blob has a message of its own, so that no other waits for it.
 */
const mostBytes = 128 * 1024 * 1024;

/** Jobs that share a message. */
export type FillGroup = readonly [FillJob, ...FillJob[]];

/** Groups the blobs of a manifest: each message costs several calls and an invocation. */
export function groupsOf(jobs: readonly FillJob[]): FillGroup[] {
  const groups: { key: string; bytes: number; jobs: [FillJob, ...FillJob[]] }[] = [];
  for (const job of jobs) {
    const key = groupKey(job);
    const { size } = job.blob;
    const group = groups.find(
      (one) =>
        key !== undefined &&
        one.key === key &&
        one.jobs.length < mostOfGroup &&
        one.bytes + size <= mostBytes,
    );
    if (group === undefined) {
      groups.push({ key: key ?? '', bytes: size, jobs: [job] });
    } else {
      group.jobs.push(job);
      group.bytes += size;
    }
  }
  return groups.map((group) => group.jobs);
}

/** What jobs of one message have in common; undefined for a job that has one of its own. */
function groupKey(job: FillJob): string | undefined {
  const { repository, manifest, progress, fence, deferrals = 0, deliveries } = job;
  const isAlone = progress !== undefined || fence !== undefined || deliveries !== undefined;
  if (isAlone || manifest === undefined) return undefined;
  return `${repositoryKey(repository)}@${manifest} ${deferrals}`;
}

/** The body of a message of one fill, or of several. */
export function groupText(jobs: FillGroup): string {
  return asciiOf(jobs.length === 1 ? fillMessage(jobs[0]) : groupMessage(jobs));
}

/** The body of a message of one fill. */
export function fillText(job: FillJob): string {
  return groupText([job]);
}

/**
 * JSON in ASCII: SQS refuses some characters, and one of them in a media type must not prevent the fills
 * of the manifest's other blobs.
 */
function asciiOf(message: object): string {
  return JSON.stringify(message).replace(
    /[^ -~]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Reads the body of a message, which may be anything. */
export function readFillText(body: string): ReadGroupMessage {
  try {
    return readGroupMessage(JSON.parse(body));
  } catch {
    return readGroupMessage(undefined);
  }
}
