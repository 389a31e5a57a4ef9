import { afterAll, beforeAll, describe, it } from 'vitest';
import { objects } from './exchanges/objects.ts';
import { presigned } from './exchanges/presigned.ts';
import { signing } from './exchanges/signing.ts';
import { uploads } from './exchanges/uploads.ts';
import { type OpenedS3, openS3 } from './open-s3.ts';
import { runExchange } from './run-exchange.ts';

/** What an S3 does, as far as the mirror depends on it. */
const themes = {
  'Signatures in the headers': signing,
  'Signatures in the query': presigned,
  'Whole objects': objects,
  'Multipart uploads': uploads,
};

let s3: OpenedS3;
beforeAll(async () => {
  s3 = await openS3();
});
afterAll(async () => {
  await s3.close();
});

describe.each(Object.entries(themes))('%s', (_theme, exchanges) => {
  it.each(exchanges.map((exchange) => [exchange.name, exchange] as const))(
    '%s',
    async (_name, exchange) => {
      await runExchange(exchange, s3);
    },
  );
});
