/** Applies what is missing of a folder of migrations to a D1 database. */
export function migrate(
  database: {
    // biome-ignore lint/suspicious/noExplicitAny: D1's own types belong to workerd
    prepare(sql: string): any;
    // biome-ignore lint/suspicious/noExplicitAny: as above
    batch(statements: any[]): Promise<unknown>;
  },
  folder: string,
): Promise<void>;
