import { type Child, xmlDocument } from './xml.ts';

/** An answer before it is sent. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Absent for HEAD and for answers without a body. */
  readonly body?: AsyncIterable<Uint8Array> | undefined;
}

/** An answer in XML. */
export function xmlReply(root: string, children: readonly Child[], status = 200): Reply {
  const text = Buffer.from(xmlDocument(root, children));
  return {
    status,
    headers: { 'content-type': 'application/xml', 'content-length': String(text.length) },
    body: once(text),
  };
}

/** An answer without a body. */
export function emptyReply(status: number, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers: status === 204 ? headers : { 'content-length': '0', ...headers } };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
