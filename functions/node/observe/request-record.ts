import type { AnswerNote } from '../../core/registry/answer.ts';
import type { Written } from '../http/write-answer.ts';

/** One answered request, for the log and the metrics. */
export interface RequestRecord {
  readonly method: string;
  readonly status: number;
  readonly note: AnswerNote;
  readonly userAgent: string | undefined;
  readonly milliseconds: number;
  readonly written: Written;
}

/** Why an answer is not what was asked for, or why it did not arrive whole. Holds no secret. */
export function reasonOf(record: RequestRecord): string | undefined {
  const { note, written } = record;
  if (written.end === 'left') return 'the client left';
  if (written.end === 'complete') return note.reason;
  const { error } = written;
  return error instanceof Error ? error.message : 'the body broke off';
}
