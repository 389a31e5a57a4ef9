import { readdir, readFile } from 'node:fs/promises';

export interface SqlStatement {
  readonly sql: string;
  readonly values?: readonly unknown[];
}

export type Row = Readonly<Record<string, unknown>>;

/** Runs statements in one transaction, and gives the rows of each. */
export type RunSql = (statements: readonly SqlStatement[]) => Promise<readonly (readonly Row[])[]>;

const created = `CREATE TABLE IF NOT EXISTS d1_migrations (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`;

/** Applies what is missing of a folder of migrations to a D1 database, and notes it where wrangler does. */
export async function migrate(run: RunSql, folder: string): Promise<void> {
  const [, rows = []] = await run([{ sql: created }, { sql: 'SELECT name FROM d1_migrations' }]);
  const applied = new Set(rows.map(({ name }) => name));
  const missing: SqlStatement[] = [];
  for (const name of (await readdir(folder)).sort()) {
    if (!name.endsWith('.sql') || applied.has(name)) continue;
    for (const sql of statementsOf(await readFile(`${folder}/${name}`, 'utf8'))) {
      missing.push({ sql });
    }
    missing.push({ sql: 'INSERT INTO d1_migrations (name) VALUES (?)', values: [name] });
  }
  if (missing.length > 0) await run(missing);
}

/** The statements of a file: D1 takes one at a time. Enough for tables and indexes. */
function statementsOf(sql: string): string[] {
  const bare = sql.replace(/^\s*--.*$/gm, '');
  return bare
    .split(/;\s*(?:\n|$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}
