import type { IncomingMessage } from 'node:http';
import {
  type ArrivedRequest,
  arrive,
  type Operation,
  operationOf,
  targetOf,
} from './arrived-request.ts';
import { type Authenticated, type Authority, authenticate } from './authentication.ts';
import { type Body, type Keep, receive } from './body.ts';
import type { S3Faults } from './faults.ts';
import { type Bucket, deleteObject, getObject, listObjects, putObject } from './objects.ts';
import { Refusal, type S3Code } from './refusal.ts';
import { type Reply, reply, xmlReply } from './reply.ts';
import {
  abortUpload,
  completeUpload,
  createUpload,
  listParts,
  partNumber,
  putPart,
  uploadOf,
} from './uploads.ts';

/** A request as a test looks back on it; it holds no credentials. */
export interface S3Request {
  readonly method: string;
  /** undefined where the request was refused before it was understood. */
  operation: Operation | undefined;
  key: string | undefined;
  /** Where its signature was. */
  auth: Authenticated['kind'] | undefined;
  /** 0 while it is under way, and where the connection was dropped instead. */
  status: number;
  code: S3Code | undefined;
  bytesReceived: number;
}

/** The record of a request of which nothing is known yet. */
export function newRecord({ method = '' }: IncomingMessage): S3Request {
  const unknown = { operation: undefined, key: undefined, auth: undefined, code: undefined };
  return { method, ...unknown, status: 0, bytesReceived: 0 };
}

/** What the answers are made from. */
export interface World {
  readonly bucket: Bucket;
  readonly keep: Keep;
  readonly authority: Authority;
  readonly faults: S3Faults;
}

/** The connection is to be dropped. */
class Dropped extends Error {}

/** Answers a request and keeps its record up to date. Rejects where the connection is to be dropped. */
export async function answer(
  message: IncomingMessage,
  world: World,
  record: S3Request,
): Promise<Reply> {
  const { socket } = message;
  try {
    return await outcome(message, world, record);
  } catch (error) {
    if (error instanceof Dropped || socket.destroyed) throw error;
    const {
      code,
      message: text,
      status,
    } = error instanceof Refusal ? error : new Refusal('InternalError', `Unexpected: ${error}`);
    record.code = code;
    const children = [['Code', code] as const, ['Message', text] as const];
    return xmlReply('Error', children, status);
  }
}

async function outcome(
  message: IncomingMessage,
  { bucket, keep, authority, faults }: World,
  record: S3Request,
): Promise<Reply> {
  const request = arrive(message);
  const target = targetOf(request);
  const operation = operationOf(request, target);
  record.operation = operation;
  record.key = target.key;
  const { kind, bodyHash } = await authenticate(request, authority);
  record.auth = kind;
  if (target.bucket !== bucket.name) {
    throw new Refusal('NoSuchBucket', 'The specified bucket does not exist');
  }
  const fault = faults.take(operation);
  if (fault?.kind === 'drop' && fault.after === undefined) throw new Dropped();
  const body = await receive(message, request, bodyHash, keep, (bytes) => {
    record.bytesReceived += bytes;
    if (fault?.kind === 'drop' && record.bytesReceived > (fault.after ?? 0)) throw new Dropped();
  });
  if (fault?.kind === 'status') throw new Refusal(fault.code, 'Made to fail by the test');
  if (fault?.kind === 'answer') return reply(fault.status, {}, Buffer.from(fault.body));
  const done = perform(operation, request, target.key, body, bucket, authority.now());
  if (fault?.kind === 'drop-answer') throw new Dropped();
  return fault?.kind === 'cut' ? { ...done, cutAfter: fault.after } : done;
}

function perform(
  operation: Operation,
  request: ArrivedRequest,
  key: string,
  body: Body,
  bucket: Bucket,
  now: number,
): Reply {
  switch (operation) {
    case 'ListObjectsV2':
      return listObjects(bucket, request);
    case 'GetObject':
    case 'HeadObject':
      return getObject(bucket, key, request);
    case 'PutObject':
      return putObject(bucket, key, request, body, now);
    case 'DeleteObject':
      return deleteObject(bucket, key);
    case 'CreateMultipartUpload':
      return createUpload(bucket, key, request);
    case 'UploadPart':
      return putPart(uploadOf(bucket, key, request), partNumber(request), body);
    case 'CompleteMultipartUpload': {
      const upload = uploadOf(bucket, key, request);
      return completeUpload(bucket, upload, request, String(body.bytes), now);
    }
    case 'AbortMultipartUpload':
      return abortUpload(bucket, uploadOf(bucket, key, request));
    case 'ListParts':
      return listParts(uploadOf(bucket, key, request), request);
  }
}
