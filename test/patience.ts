/**
 * How `vi.waitFor` and `vi.waitUntil` wait for what comes within moments. vitest's own second is too
 * short for a machine that does other work; a test that passes never waits for the end of this one.
 */
export const patience = { timeout: 60_000, interval: 20 } as const;
