import { readdir, readFile } from 'node:fs/promises';

/** What is used of a D1 database, whose own types belong to workerd. */
export interface Database<Statement extends PreparedStatement> {
  prepare(sql: string): Statement;
  batch(statements: Statement[]): Promise<unknown>;
}

interface PreparedStatement {
  bind(...values: unknown[]): this;
  run(): Promise<unknown>;
  all(): Promise<{ readonly results: readonly unknown[] }>;
}

/**
 * Applies what is missing of a folder of migrations to a D1 database, each in one step, and notes it
 * where wrangler does.
 */
export async function migrate<Statement extends PreparedStatement>(
  database: Database<Statement>,
  folder: string,
): Promise<void> {
  await database
    .prepare(
      `CREATE TABLE IF NOT EXISTS d1_migrations (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT UNIQUE,
        applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
      )`,
    )
    .run();
  const { results } = await database.prepare('SELECT name FROM d1_migrations').all();
  const applied = new Set(results.map((row) => (row as { name: string }).name));
  const files = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  for (const name of files) {
    if (applied.has(name)) continue;
    const statements = statementsOf(await readFile(`${folder}/${name}`, 'utf8'));
    await database.batch([
      ...statements.map((sql) => database.prepare(sql)),
      database.prepare('INSERT INTO d1_migrations (name) VALUES (?)').bind(name),
    ]);
  }
}

/** The statements of a file: D1 takes one at a time. Enough for tables and indexes. */
function statementsOf(sql: string): string[] {
  const bare = sql.replace(/^\s*--.*$/gm, '');
  return bare
    .split(/;\s*(?:\n|$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}
