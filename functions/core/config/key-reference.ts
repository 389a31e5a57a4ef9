import { variableOf } from './environment.ts';
import { anyEntry, anyName, type Key, keys } from './keys.ts';

/** Sections of the page by the first part of their keys. The first one takes all other keys. */
const sections: Readonly<Record<string, string | undefined>> = {
  'The server': undefined,
  Upstreams: 'upstreams',
  'Networks of clients': 'networks',
  'What clients may consume': 'clients',
  'The store on AWS': 'aws',
  'The Worker on Cloudflare': 'cloudflare',
};

/** The reference of every key, in Markdown, generated from the definition. */
export function configReference(): string {
  const tables = Object.entries(sections).map(([title, section]) => {
    const rows = keys
      .filter(isRow)
      .filter(({ path: [first] }) =>
        section === undefined ? !Object.values(sections).includes(first) : first === section,
      );
    return `## ${title}\n\n${table(rows)}`;
  });
  return `${heading}\n${tables.join('\n\n')}\n`;
}

const heading = `<!-- Generated from functions/core/config by npm run schema. Do not edit. -->

# Configuration reference

One JSON file for every platform; comments and trailing commas are allowed. Every key is optional.
[\`pullfront.schema.json\`](../pullfront.schema.json) helps editors, and \`pullfront config check FILE\`
reports all mistakes at once.

Every scalar can also be set by an environment variable, which overrides the file. In the names of
variables \`NAME\` stands for the upstream: \`DOCKER_IO\` for \`docker.io\`. Of the lists, variables can set only
\`readers\`, \`networks\` and \`trustProxy\`, with commas or spaces between the entries.
A duration is a whole number with \`ms\`, \`s\`, \`m\`, \`h\` or \`d\`. A size has a unit: \`50GB\`, \`1.5GiB\`; in
the file it may also be a number of bytes, without quotes. A path in the file is relative to
the file's folder; one in a variable or an option, and the default of \`data\`, to the working directory. Passwords are never in the file: it names a variable, a file or a secret.
`;

/** Most keys of an account stand once, below `credentials`. */
function isRow({ path }: Key): boolean {
  const entry = path.indexOf(anyEntry);
  const below = path.slice(entry + 1).join();
  return (
    entry < 0 ||
    !keys.some(
      (key) => key.path.slice(entry).join() === below && key.path[entry - 1] === 'credentials',
    )
  );
}

function table(rows: readonly Key[]): string {
  return ['| key | default | variable | |', '|---|---|---|---|', ...rows.map(row)].join('\n');
}

function row({ path, scalar, description, defaultValue, isRequired }: Key): string {
  const written = path.map((part) => (part === anyName ? 'NAME' : part));
  const hasDefault = defaultValue !== undefined && typeof defaultValue !== 'object';
  const cells = [
    `\`${written.join('.').replaceAll(`.${anyEntry}`, anyEntry)}\``,
    isRequired
      ? `required in \`${written.slice(0, -1).join('.')}\``
      : hasDefault
        ? `\`${String(defaultValue)}\``
        : '',
    scalar === undefined ? '' : `\`${variableOf(written)}\``,
    description,
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
