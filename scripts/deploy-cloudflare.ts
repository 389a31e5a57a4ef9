// npm run deploy:cloudflare: applies the migrations, then deploys the bundle that was built.
// infra/cloudflare/README.md has the way there: login, names, secrets.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { root } from './project.ts';

const folder = `${root}infra/cloudflare/`;

if (
  readFileSync(`${folder}wrangler.jsonc`, 'utf8').includes('00000000-0000-0000-0000-000000000000')
) {
  console.error(
    'deploy: wrangler.jsonc has no database_id yet. Run `npx wrangler d1 create pullfront` in\n' +
      'infra/cloudflare and write the identifier that it prints into wrangler.jsonc.',
  );
  process.exit(2);
}
// The Worker that runs meanwhile works with the new tables: migrations only add.
wrangler('d1', 'migrations', 'apply', 'DB', '--remote');
wrangler('deploy', ...process.argv.slice(2));

function wrangler(...args: string[]): void {
  const { status } = spawnSync('npx', ['wrangler', ...args], { cwd: folder, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
