import { readFileSync } from 'node:fs';

/** The address that stands in every file of `infra/clients`. */
const placeholder = 'mirror.example.com:5000';

/** A set-up text as users copy it, with the mirror's address in it. */
export function setUpText(file: string, address: string): string {
  const url = new URL(`../../../infra/clients/${file}`, import.meta.url);
  const text = readFileSync(url, 'utf8');
  if (!text.includes(placeholder)) throw new Error(`${file} does not name ${placeholder}`);
  return text.replaceAll(placeholder, address);
}
