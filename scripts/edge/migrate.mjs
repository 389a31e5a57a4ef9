import { readdir, readFile } from 'node:fs/promises';

/**
 * Applies what is missing of a folder of migrations to a D1 database, each in one step, and notes it
 * where wrangler does.
 * @param {{ prepare(sql: string): any, batch(statements: any[]): Promise<unknown> }} database
 * @param {string} folder
 */
export async function migrate(database, folder) {
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
  const applied = new Set(results.map((/** @type {{ name: string }} */ row) => row.name));
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

/**
 * The statements of a file: D1 takes one at a time. Enough for tables and indexes.
 * @param {string} sql
 */
function statementsOf(sql) {
  const bare = sql.replace(/^\s*--.*$/gm, '');
  return bare
    .split(/;\s*(?:\n|$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}
