import { readFileSync, writeFileSync } from 'node:fs';
import { plainTemplate } from './stack/plain-template.ts';

// Writes template.yaml, or with --check says whether the one that is there is current.

const file = new URL('template.yaml', import.meta.url);
const current = plainTemplate();
if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== current) {
    console.error('infra/aws/template.yaml is out of date: npm run template:aws writes it');
    process.exit(1);
  }
} else {
  writeFileSync(file, current);
}
