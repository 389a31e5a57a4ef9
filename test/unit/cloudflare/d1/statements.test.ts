import { describe, expect, test } from 'vitest';
import { sharedWorkerd } from '../../../standins/workerd/shared-workerd.ts';

const { told } = sharedWorkerd();

/** A list that came as a parameter is walked, whatever it holds; so is the one row of VALUES. */
const harmless = /^SCAN (?:json_each VIRTUAL TABLE|\d+ CONSTANT ROWS?|CONSTANT ROW)/;

async function planOf(statement: string): Promise<string[]> {
  const count = Math.max(0, ...[...statement.matchAll(/\?(\d+)/g)].map(([, at]) => Number(at)));
  const values = Array.from({ length: count }, () => '[]');
  const [rows = []] = await told().run([{ sql: `EXPLAIN QUERY PLAN ${statement}`, values }]);
  return rows.map(({ detail }) => String(detail));
}

function badSteps(plan: readonly string[]): string[] {
  return plan.filter((step) => /SCAN|TEMP B-TREE/.test(step) && !harmless.test(step));
}

describe('the statements of D1', () => {
  test('each finds its rows by an index', async () => {
    const statements = Object.entries(await told().statements());
    expect(statements.length).toBeGreaterThan(30);
    for (const [name, statement] of statements) {
      expect(badSteps(await planOf(statement)), name).toEqual([]);
    }
  });

  test('one that reads a whole table would be found', async () => {
    expect(badSteps(await planOf('SELECT tag FROM tags WHERE size = ?1'))).toHaveLength(1);
    expect(badSteps(await planOf('SELECT digest FROM blobs ORDER BY stored'))).not.toEqual([]);
  });

  test('no statement has more parameters, or letters, than D1 takes', async () => {
    for (const [name, statement] of Object.entries(await told().statements())) {
      expect(statement.length, name).toBeLessThan(100_000);
      expect(statement, name).not.toMatch(/\?(?:\d\d\d|[^1-9])/);
    }
  });
});
