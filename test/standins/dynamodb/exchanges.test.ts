import { afterAll, beforeAll, describe, test } from 'vitest';
import { batches } from './exchanges/batches.ts';
import { puts } from './exchanges/puts.ts';
import { reads } from './exchanges/reads.ts';
import { tables } from './exchanges/tables.ts';
import { updates } from './exchanges/updates.ts';
import { type OpenedDynamoDb, openDynamoDb } from './open-dynamodb.ts';
import { runExchange } from './run-exchange.ts';

let opened: OpenedDynamoDb;
beforeAll(async () => {
  opened = await openDynamoDb();
});
afterAll(() => opened.close());

/** What DynamoDB does, as far as the mirror depends on it, by theme. */
const everyExchange = {
  Tables: tables,
  Puts: puts,
  'Updates and deletes': updates,
  Reads: reads,
  Batches: batches,
};

describe.each(Object.entries(everyExchange))('%s', (_theme, exchanges) => {
  test.each(exchanges.map((exchange) => [exchange.name, exchange] as const))(
    '%s',
    async (_name, exchange) => {
      await runExchange(exchange, opened);
    },
  );
});
