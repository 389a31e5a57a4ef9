import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const folder = fileURLToPath(new URL('../../../infra/cloudflare/', import.meta.url));
const built = new URL('../../../dist/edge/', import.meta.url);
const program = join(folder, 'node_modules/wrangler/bin/wrangler.js');

const missing = existsSync(program) ? '' : ' (skipped: run npm ci in infra/cloudflare)';
const scratch = mkdtempSync(join(tmpdir(), 'pullfront-wrangler-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function wrangler(...args: readonly string[]): string {
  return execFileSync(process.execPath, [program, ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: {
      ...process.env,
      // Neither its settings nor its logs are left behind, and nobody is told of the run.
      HOME: scratch,
      XDG_CONFIG_HOME: scratch,
      WRANGLER_SEND_METRICS: 'false',
      WRANGLER_LOG_PATH: scratch,
      CI: 'true',
    },
  });
}

describe.skipIf(missing !== '')(`wrangler${missing}`, () => {
  it('would deploy the very bundle, with its configuration and all bindings', () => {
    const said = wrangler('deploy', '--dry-run', '--outdir', scratch);
    for (const binding of ['env.DB', 'env.BUCKET', 'env.FILLS', 'env.GIVEN_UP']) {
      expect(said).toContain(binding);
    }
    for (const file of readdirSync(built).filter((name) => name.endsWith('.js'))) {
      expect(readFileSync(join(scratch, file))).toEqual(readFileSync(new URL(file, built)));
    }
  });

  it('applies the migrations, and finds nothing left to apply afterwards', () => {
    const place = ['--local', '--persist-to', scratch];
    wrangler('d1', 'migrations', 'apply', 'DB', ...place);
    expect(wrangler('d1', 'migrations', 'list', 'DB', ...place)).toContain(
      'No migrations to apply',
    );
  });
});
