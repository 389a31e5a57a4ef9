import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import { expect, test } from 'vitest';
import { run } from '../../forms/program.ts';

const root = new URL('../../../', import.meta.url);

/** Has the process say that it runs on this version. `.ci/run` starts the program on real old ones. */
function onNode(version: string): { NODE_OPTIONS: string } {
  const versions = `{ ...process.versions, node: '${version}' }`;
  const code = `Object.defineProperty(process, 'versions', { value: ${versions} })`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` };
}

test.each([['--version'], ['serve'], ['config', 'check', 'no-such-file']])(
  'a Node that is too old gets one line: %s',
  async (...args) => {
    const { engines } = JSON.parse(await readFile(new URL('package.json', root), 'utf8'));
    const least = engines.node.replace('>=', '');
    expect(await run(args, onNode('20.18.0'))).toEqual({
      code: 2,
      out: '',
      err: `pullfront: needs Node ${least} or newer, but this is Node 20.18.0; install a newer Node\n`,
    });
  },
);

test('the least Node is not refused', async () => {
  expect(await run(['--version'], onNode('20.18.1'))).toMatchObject({ code: 0, err: '' });
});

test('the entry has nothing that only a module may have: an old Node reads it as a script', async () => {
  const entry = fileURLToPath(new URL('dist/pullfront.js', root));
  const code = await readFile(entry, 'utf8');
  expect(() => new Script(code)).not.toThrow();
});
