import { expect, test } from 'vitest';
import { wantsColor } from '../../../../functions/node/observe/terminal-line.ts';

test.each<[Readonly<Record<string, string>>, boolean, boolean]>([
  [{}, true, true],
  [{}, false, false],
  [{ NO_COLOR: '1' }, true, false],
  [{ NO_COLOR: '' }, true, true],
  [{ TERM: 'dumb' }, true, false],
  [{ FORCE_COLOR: '1' }, false, true],
  [{ FORCE_COLOR: '0' }, true, false],
  [{ FORCE_COLOR: '1', NO_COLOR: '1' }, false, true],
])('%j, on a terminal: %s: colored: %s', (environment, terminal, expected) => {
  expect(wantsColor(environment, terminal)).toBe(expected);
});
