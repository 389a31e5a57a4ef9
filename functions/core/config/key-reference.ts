import { variableOf } from './environment.ts';
import { anyUpstream, type Key, keys } from './keys.ts';

/** The sections of the page, by the first part of the keys in them. */
const sections: readonly (readonly [title: string, names: readonly string[] | undefined])[] = [
  ['The server', undefined],
  ['Upstreams', ['upstreams']],
  ['The store on AWS', ['aws']],
  ['A Worker', ['cloudflare']],
];

const named = sections.flatMap(([, names]) => names ?? []);

/** The reference of every key, in Markdown: made of the definition, so that no line is forgotten. */
export function configReference(): string {
  const tables = sections.map(([title, names]) => {
    const isHere = ({ path: [first = ''] }: Key) =>
      names === undefined ? !named.includes(first) : names.includes(first);
    return `## ${title}\n\n${table(keys.filter(isHere))}`;
  });
  return `${heading}\n${tables.join('\n\n')}\n`;
}

const heading = `<!-- Made of functions/core/config by npm run schema. Do not edit. -->

# Configuration: every key

One JSON file, the same on every platform; comments and trailing commas are legal. No key is needed.
[\`pullfront.schema.json\`](../pullfront.schema.json) helps editors, and \`pullfront config check FILE\`
reports all mistakes at once.

A scalar can also be given by the environment variable of its row, which goes before the file; in the
names of variables \`NAME\` is the upstream, \`DOCKER_IO\` for \`docker.io\`. Lists are in the file only. A
duration is a whole number with \`ms\`, \`s\`, \`m\`, \`h\` or \`d\`, and a size a number of bytes, or one
with a unit: \`50GB\`, \`1.5GiB\`. A password is never in the file: it is in a variable, a file or a secret.
`;

function table(rows: readonly Key[]): string {
  return ['| key | default | variable | |', '|---|---|---|---|', ...rows.map(row)].join('\n');
}

function row({ path, scalar, description, standard, isRequired }: Key): string {
  const written = path.map((part) => (part === anyUpstream ? 'NAME' : part));
  const variable = scalar === undefined ? '' : `\`${variableOf(written)}\``;
  const isLeftOut = standard === undefined || (Array.isArray(standard) && standard.length === 0);
  const value = isLeftOut ? '' : `\`${String(standard)}\``;
  const needed = `required in \`${written.slice(0, -1).join('.')}\``;
  const key = `\`${written.join('.')}\``;
  const cells = [key, isRequired ? needed : value, variable, description];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
