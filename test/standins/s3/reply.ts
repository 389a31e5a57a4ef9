/** An answer before it is sent. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
  /** The connection is dropped after this many bytes of the body. */
  readonly cutAfter?: number;
}

/** An element: its name and its text or children; nothing where it is left out. */
export type Element =
  | readonly [name: string, content: string | number | readonly Element[]]
  | undefined;

/** An answer in XML. Errors are the only documents of S3 without a name space. */
export function xmlReply(root: string, children: readonly Element[], status = 200): Reply {
  const space = root === 'Error' ? '' : ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${space}>${children.map(xml).join('')}</${root}>`;
  return reply(status, { 'content-type': 'application/xml' }, Buffer.from(text));
}

/** An answer with the length of its body, which is empty when absent. */
export function reply(
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body?: Uint8Array,
): Reply {
  return { status, headers: { 'content-length': String(body?.length ?? 0), ...headers }, body };
}

/** The contents of the elements of a name, which may not nest: enough for what clients of S3 send. */
export function elementsOf(text: string, name: string): string[] {
  const found = text.matchAll(new RegExp(`<${name}(?:\\s[^>]*)?>([\\s\\S]*?)</${name}>`, 'g'));
  return [...found].map(([, content = '']) => content);
}

/** The text of the first element of a name. */
export function textOf(text: string, name: string): string | undefined {
  return elementsOf(text, name)[0]
    ?.replaceAll(/&quot;|&#34;/g, '"')
    .replaceAll('&amp;', '&')
    .trim();
}

function xml(element: Element): string {
  if (element === undefined) return '';
  const [name, content] = element;
  const inner = typeof content === 'object' ? content.map(xml).join('') : escaped(String(content));
  return `<${name}>${inner}</${name}>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
