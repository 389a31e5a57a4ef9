import type { ArrivedRequest } from './arrived-request.ts';
import { type AuthKind, type Authority, authenticate } from './authenticate.ts';
import type { Bucket } from './bucket.ts';
import { completeUpload } from './complete-upload.ts';
import { type Keep, type Keeping, keepBytes, memoryBytes } from './kept-bytes.ts';
import { listObjects, listParts, listUploads } from './lists.ts';
import { deleteObject, getObject, putObject } from './objects.ts';
import { type Operation, operationOf, type Target, targetOf } from './operation.ts';
import { type ReceivedBody, receiveBody } from './receive-body.ts';
import { emptyReply, type Reply } from './reply.ts';
import { S3Error } from './s3-error.ts';
import { abortUpload, createUpload, partNumber, putPart, uploadOf } from './uploads.ts';

/** The longest key, in bytes of UTF-8. */
const longestKey = 1024;

/** What the answers are made from. */
export interface World {
  readonly bucket: Bucket;
  readonly authority: Authority;
  /** Where large bodies are kept. */
  readonly folder: string;
  readonly keep: Keep;
}

/** A request that was read, signed and understood, and is not yet carried out. */
export interface Understood {
  readonly operation: Operation;
  readonly target: Target;
  readonly auth: AuthKind;
  readonly bodyHash: string;
}

/** Checks who asks, and what for. Throws an S3Error. */
export function understand(request: ArrivedRequest, { bucket, authority }: World): Understood {
  const target = targetOf(request, bucket.name);
  const operation = operationOf(request, target);
  const { kind, bodyHash } = authenticate(request, authority);
  if (target.bucket !== bucket.name) {
    throw new S3Error('NoSuchBucket', 'The specified bucket does not exist');
  }
  if (Buffer.byteLength(target.key) > longestKey) {
    throw new S3Error('KeyTooLongError', 'Your key is too long');
  }
  return { operation, target, auth: kind, bodyHash };
}

/** Reads the body that a request has to have. Throws an S3Error when it is not what was signed. */
export async function bodyOf(
  request: ArrivedRequest,
  { operation, target, bodyHash }: Understood,
  world: World,
): Promise<ReceivedBody | undefined> {
  switch (operation) {
    case 'UploadPart':
      partNumber(request);
      uploadOf(world.bucket, target.key, request);
      return await receiveBody(request, bodyHash, keepBytes(world.folder, world.keep), fast(world));
    case 'PutObject':
      return await receiveBody(request, bodyHash, keepBytes(world.folder, world.keep), fast(world));
    case 'CompleteMultipartUpload':
      return await receiveBody(withoutChecksums(request), bodyHash, inMemory(), false);
    default:
      return undefined;
  }
}

/** Does what is asked for. Throws an S3Error. */
export async function carryOut(
  request: ArrivedRequest,
  { operation, target: { key } }: Understood,
  body: ReceivedBody | undefined,
  { bucket, authority }: World,
): Promise<Reply> {
  const now = authority.now();
  switch (operation) {
    case 'HeadBucket':
      return emptyReply(200);
    case 'ListObjectsV2':
      return listObjects(bucket, request);
    case 'ListMultipartUploads':
      return listUploads(bucket, request);
    case 'GetObject':
    case 'HeadObject':
      return getObject(bucket, key, request);
    case 'PutObject':
      return putObject(bucket, key, request, present(body), now);
    case 'DeleteObject':
      return deleteObject(bucket, key);
    case 'CreateMultipartUpload':
      return createUpload(bucket, key, request, now);
    case 'UploadPart':
      return putPart(uploadOf(bucket, key, request), partNumber(request), present(body));
    case 'CompleteMultipartUpload': {
      const upload = uploadOf(bucket, key, request);
      const { bytes } = present(body);
      const xml: Uint8Array[] = [];
      for await (const piece of bytes.read(0, bytes.size)) xml.push(piece);
      return completeUpload(bucket, upload, request, Buffer.concat(xml).toString(), now);
    }
    case 'AbortMultipartUpload':
      return await abortUpload(bucket, uploadOf(bucket, key, request));
    case 'ListParts':
      return listParts(bucket, uploadOf(bucket, key, request), request);
  }
}

function fast({ keep }: World): boolean {
  return keep === 'discard-large';
}

/** The checksum of a Complete is the object's, not that of the XML. */
function withoutChecksums(request: ArrivedRequest): ArrivedRequest {
  const headers = [...request.headers].filter(([name]) => !name.startsWith('x-amz-checksum-'));
  return { ...request, headers: new Map(headers) };
}

function inMemory(): Keeping {
  const pieces: Buffer[] = [];
  return {
    add: async (bytes) => void pieces.push(bytes),
    done: async () => memoryBytes(Buffer.concat(pieces)),
    drop: async () => undefined,
  };
}

function present(body: ReceivedBody | undefined): ReceivedBody {
  if (body === undefined) throw new Error('the body was not read');
  return body;
}
