/** A statement that ran, with its values. */
export interface RanStatement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** The rows that a statement gives; it may throw. */
type Script = (statement: RanStatement) => readonly object[];

/** A D1 database that runs no SQL: it notes what runs, and gives the rows of a script. */
export function scriptedDatabase(script: Script = () => []) {
  const ran: RanStatement[] = [];
  /** The statements of each batch, by their number. */
  const batches: number[] = [];
  const statement = (text: string, values: readonly unknown[] = []) => {
    const run = async () => {
      ran.push({ text, values });
      return { results: script({ text, values }) };
    };
    return {
      bind: (...given: unknown[]) => statement(text, given),
      run,
      all: run,
      first: async () => (await run()).results[0] ?? null,
    };
  };
  const database = {
    prepare: (text: string) => statement(text),
    async batch(steps: readonly ReturnType<typeof statement>[]) {
      batches.push(steps.length);
      return Promise.all(steps.map((step) => step.run()));
    },
  };
  return { database: database as never, ran, batches };
}
