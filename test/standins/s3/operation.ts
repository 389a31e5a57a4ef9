import { type ArrivedRequest, parameter } from './arrived-request.ts';
import { S3Error } from './s3-error.ts';

/** The operations that this server knows, by their names in the API reference. */
export type Operation =
  | 'HeadBucket'
  | 'ListObjectsV2'
  | 'ListMultipartUploads'
  | 'GetObject'
  | 'HeadObject'
  | 'PutObject'
  | 'DeleteObject'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'ListParts';

/** Where a request goes; the key is empty for operations of the bucket. */
export interface Target {
  readonly bucket: string;
  readonly key: string;
}

/** Parameters that choose another operation, which this server does not know. */
const unknown =
  /^(acl|attributes|cors|delete|encryption|legal-hold|lifecycle|location|logging|policy|restore|retention|tagging|torrent|versioning|versions|versionId|website)$/;

/** The bucket and the key: virtual-host style where the host begins with the bucket's name. */
export function targetOf({ host, path }: ArrivedRequest, bucket: string): Target {
  if (host.startsWith(`${bucket}.`)) return { bucket, key: path.slice(1) };
  const [, name = '', ...key] = path.split('/');
  return { bucket: name, key: key.join('/') };
}

/** The operation that a request asks for; throws where this server has none. */
export function operationOf(request: ArrivedRequest, { key }: Target): Operation {
  const { method, query } = request;
  const other = query.find(([name]) => unknown.test(name));
  const has = (name: string): boolean => parameter(request, name) !== undefined;
  const found = other !== undefined ? undefined : key === '' ? ofBucket() : ofObject();
  if (found !== undefined) return found;
  throw new S3Error('NotImplemented', `${method} ${other?.[0] ?? ''} is not implemented here`);

  function ofBucket(): Operation | undefined {
    if (method === 'HEAD') return 'HeadBucket';
    if (method !== 'GET') return undefined;
    if (has('uploads')) return 'ListMultipartUploads';
    return parameter(request, 'list-type') === '2' ? 'ListObjectsV2' : undefined;
  }

  function ofObject(): Operation | undefined {
    switch (method) {
      case 'GET':
        return has('uploadId') ? 'ListParts' : 'GetObject';
      case 'HEAD':
        return 'HeadObject';
      case 'PUT':
        if (request.headers.has('x-amz-copy-source')) return undefined;
        return has('uploadId') ? 'UploadPart' : 'PutObject';
      case 'DELETE':
        return has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject';
      case 'POST':
        if (has('uploads')) return 'CreateMultipartUpload';
        return has('uploadId') ? 'CompleteMultipartUpload' : undefined;
      default:
        throw new S3Error('MethodNotAllowed', 'The method is not allowed against this resource.');
    }
  }
}
