// Says after `cdk synth` where the template is: the command itself prints nothing of it.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = new URL('cdk.out/', import.meta.url);
const { artifacts } = JSON.parse(readFileSync(new URL('manifest.json', folder), 'utf8')) as {
  readonly artifacts: Readonly<
    Record<string, { readonly properties?: { readonly templateFile?: string } }>
  >;
};
for (const { properties } of Object.values(artifacts)) {
  if (properties?.templateFile === undefined) continue;
  const path = fileURLToPath(new URL(properties.templateFile, folder));
  console.log(`The template is ${path}`);
}
