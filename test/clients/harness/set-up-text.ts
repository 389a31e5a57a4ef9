import { readFileSync } from 'node:fs';

/** The address that stands in every file of `infra/clients`. */
const placeholder = 'mirror.example.com:5000';

/** A block of code of a page in `infra/docs` that has these words, with the mirror's address in it. */
export function documentedText(page: string, words: string, address: string): string {
  const url = new URL(`../../../infra/docs/${page}`, import.meta.url);
  const blocks = [...readFileSync(url, 'utf8').matchAll(/^( *)```\w+\n([\s\S]*?)^ *```$/gm)];
  const block = blocks.map(([, , text = '']) => text).find((text) => text.includes(words));
  if (!block?.includes(placeholder)) throw new Error(`${page} has no block with ${words}`);
  return block.replaceAll(placeholder, address);
}

/** A set-up text as users copy it, with the mirror's address in it. */
export function setUpText(file: string, address: string): string {
  const url = new URL(`../../../infra/clients/${file}`, import.meta.url);
  const text = readFileSync(url, 'utf8');
  if (!text.includes(placeholder)) throw new Error(`${file} does not name ${placeholder}`);
  return text.replaceAll(placeholder, address);
}
