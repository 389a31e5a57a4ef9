import { afterAll, beforeAll, describe, it } from 'vitest';
import { everyExchange } from './every-exchange.ts';
import { type OpenedS3, openS3 } from './open-s3.ts';
import { runExchange } from './run-exchange.ts';

let s3: OpenedS3;
beforeAll(async () => {
  s3 = await openS3();
});
afterAll(async () => {
  await s3.close();
});

describe.each(Object.entries(everyExchange))('%s', (_theme, exchanges) => {
  it.each(exchanges.map((exchange) => [exchange.name, exchange] as const))(
    '%s',
    async (_name, exchange) => {
      await runExchange(exchange, s3);
    },
  );
});
