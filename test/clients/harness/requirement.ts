import { describe, expect, it } from 'vitest';
import { findBinary } from './binary.ts';

/** What a suite needs of the machine. */
export interface Requirement {
  readonly programs: readonly string[];
  /** What else it needs and was looked for in vain. */
  readonly missing?: readonly string[];
  /** Daemons that mount file systems run only as root. */
  readonly root: boolean;
}

/** True where a missing client is a failure and not a reason to skip. */
const required = process.env.CI === 'true' || process.env.PULLFRONT_REQUIRE_CLIENTS === '1';

/** A suite that is skipped, with the reason in its name, on a machine without the client. */
export function describeWith(name: string, needs: Requirement, body: () => void): void {
  const reason = whyNot(needs);
  if (reason === undefined) {
    describe(name, body);
  } else if (required) {
    it(`${name} can be tested here`, () => expect(reason).toBeUndefined());
  } else {
    describe.skip(`${name} (skipped: ${reason})`, body);
  }
}

function whyNot(needs: Requirement): string | undefined {
  const missing = [
    ...needs.programs.filter((name) => findBinary(name) === undefined),
    ...(needs.missing ?? []),
  ];
  if (missing.length > 0) return `${missing.join(', ')} not installed`;
  if (needs.root && process.getuid?.() !== 0) return 'needs root';
  return undefined;
}
