/** The name space of S3's answers. */
const namespace = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** An element: its name and its text, its children, or nothing where it is left out. */
export type Child =
  | readonly [name: string, content: string | number | readonly Child[]]
  | undefined;

/** A document of S3. Errors are the only ones without the name space. */
export function xmlDocument(root: string, children: readonly Child[]): string {
  const attribute = root === 'Error' ? '' : ` xmlns="${namespace}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${attribute}>${children.map(element).join('')}</${root}>`;
}

/** The contents of all elements of a name, which may not nest; enough for what clients of S3 send. */
export function elementsOf(xml: string, name: string): string[] {
  const found = xml.matchAll(new RegExp(`<${name}(?:\\s[^>]*)?>([\\s\\S]*?)</${name}>`, 'g'));
  return [...found].map(([, content = '']) => content);
}

/** The text of the first element of a name, without its entities. */
export function textOf(xml: string, name: string): string | undefined {
  return elementsOf(xml, name)[0]
    ?.replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll(/&quot;|&#34;/g, '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&')
    .trim();
}

function element(child: Child): string {
  if (child === undefined) return '';
  const [name, content] = child;
  const inner =
    typeof content === 'object' ? content.map(element).join('') : escaped(String(content));
  return `<${name}>${inner}</${name}>`;
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
