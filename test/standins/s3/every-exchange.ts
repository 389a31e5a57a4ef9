import type { Exchange } from './exchange.ts';
import { presigned } from './exchanges/presigned.ts';
import { reading } from './exchanges/reading.ts';
import { signing } from './exchanges/signing.ts';
import { uploads } from './exchanges/uploads.ts';
import { writing } from './exchanges/writing.ts';

/** What an S3 does, as far as the mirror depends on it, by theme. */
export const everyExchange: Readonly<Record<string, readonly Exchange[]>> = {
  'Signatures in the headers': signing,
  'Signatures in the query': presigned,
  Reading: reading,
  Writing: writing,
  'Multipart uploads': uploads,
};
