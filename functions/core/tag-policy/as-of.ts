import type { Digest } from '../oci/digest.ts';
import type { TagRun } from '../ports/tag-states.ts';

/** A tag as of a date: `1.25--as-of-20261101` or `1.25--as-of-20261101T0930`, in UTC. */
export interface DatedTag {
  readonly tag: string;
  /** The last ms of the day or minute, since 1970. */
  readonly moment: number;
}

const dated = /^(?<tag>.+)--as-of-(?<date>\d{8}(?:T\d{4})?)$/;
const date = /^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2}))?$/;

/** Parses a tag with a date; undefined if it has none. `moment` is undefined if there is no such date. */
export function parseDatedTag(
  text: string,
): (Omit<DatedTag, 'moment'> & { readonly moment: number | undefined }) | undefined {
  const { tag, date: day } = dated.exec(text)?.groups ?? {};
  return tag === undefined || day === undefined ? undefined : { tag, moment: parseDate(day) };
}

/** The last ms of a day or minute such as `20261101` or `20261101T0930` (UTC), since 1970. */
export function parseDate(text: string): number | undefined {
  const fields = date.exec(text)?.slice(1);
  if (fields === undefined) return undefined;
  const [year = 0, month = 0, day = 0, hour, minute] = fields.map((field) =>
    field === undefined ? undefined : Number(field),
  );
  const start = Date.UTC(year, month - 1, day, hour ?? 0, minute ?? 0);
  const read = new Date(start);
  // Date.UTC takes the 31st of February for a day in March.
  const exists =
    read.getUTCMonth() === month - 1 &&
    read.getUTCDate() === day &&
    (hour ?? 0) <= 23 &&
    (minute ?? 0) <= 59;
  if (!exists) return undefined;
  return start + (hour === undefined ? 86_400_000 : 60_000) - 1;
}

/** What a tag named at a moment, by its history (newest first), and the earliest moment that is known. */
export function digestAt(
  runs: readonly TagRun[],
  moment: number,
): { readonly digest: Digest | undefined; readonly earliest: number | undefined } {
  const run = runs.find(({ first }) => first <= moment);
  return { digest: run?.digest, earliest: runs.at(-1)?.first };
}
