import type { IncomingMessage } from 'node:http';
import type { AuthKind } from './authenticate.ts';
import type { Operation } from './operation.ts';
import type { S3Code } from './s3-error.ts';

/** A request as a test looks back on it; it holds nobody's credentials. */
export interface S3Request {
  readonly method: string;
  /** Empty where the request was refused before it was understood, and for the bucket itself. */
  key: string;
  operation: Operation | undefined;
  auth: AuthKind | undefined;
  /** The Range header. */
  readonly range: string | undefined;
  /** 0 while it is under way, and where the connection was dropped instead. */
  status: number;
  code: S3Code | undefined;
  /** Of the body, with its framing. */
  bytesReceived: number;
  bytesSent: number;
}

/** The record of a request of which nothing is known yet. */
export function beginRecord({ method = '', headers }: IncomingMessage): S3Request {
  return {
    method,
    key: '',
    operation: undefined,
    auth: undefined,
    range: headers.range,
    status: 0,
    code: undefined,
    bytesReceived: 0,
    bytesSent: 0,
  };
}
