/** What was measured of one alternate. */
export interface Measured {
  /** Failures since its last good answer. */
  readonly failures: number;
  /** How long its answers take, in ms; undefined if it never answered. */
  readonly milliseconds: number | undefined;
  /** How fast its blobs arrive, in bytes per second; undefined if it never sent one. */
  readonly speed: number | undefined;
}

/** Nothing was measured yet. */
export const unmeasured: Measured = { failures: 0, milliseconds: undefined, speed: undefined };

/** Answers up to this are as good as at once, in ms. */
const fastAnswer = 250;

/** Blobs of at least this speed are as good as any, in bytes per second. */
const fastBlob = 16_000_000;

/** The weight of the newest measurement. */
const share = 0.3;

/** Further failures do not matter: it is asked last anyway. */
const mostFailures = 10;

/**
 * The positions of alternates in the order in which they are asked: fewer failures first, then the
 * faster ones, then as configured. A difference of less than a factor of two changes nothing.
 */
export function orderOf(alternates: readonly Measured[]): number[] {
  return alternates
    .map((measured, position) => ({ position, cost: costOf(measured) }))
    .sort((a, b) => a.cost - b.cost || a.position - b.position)
    .map(({ position }) => position);
}

/** One failure outweighs any slowness. */
function costOf({ failures, milliseconds, speed }: Measured): number {
  const answer = Math.min(20, doublings(fastAnswer, milliseconds ?? fastAnswer));
  const blob = Math.min(20, doublings(speed ?? fastBlob, fastBlob));
  return failures * 100 + answer + blob;
}

/** How often `from` must be doubled to exceed `to`, rounded down. */
function doublings(from: number, to: number): number {
  return Math.max(0, Math.floor(Math.log2(Math.max(1, to) / Math.max(1, from))));
}

/** After a good answer that took some ms. */
export function afterAnswer(measured: Measured, milliseconds: number): Measured {
  return {
    ...measured,
    failures: 0,
    milliseconds: averaged(measured.milliseconds, milliseconds),
  };
}

/** After a failure. */
export function afterFailure(measured: Measured): Measured {
  return { ...measured, failures: Math.min(mostFailures, measured.failures + 1) };
}

/** After these bytes of a blob arrived in some ms. */
export function afterBlob(measured: Measured, bytes: number, milliseconds: number): Measured {
  const speed = (bytes * 1000) / Math.max(1, milliseconds);
  return { ...measured, speed: averaged(measured.speed, speed) };
}

function averaged(before: number | undefined, value: number): number {
  return before === undefined ? value : before * (1 - share) + value * share;
}
