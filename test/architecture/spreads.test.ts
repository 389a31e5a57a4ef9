import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filesBelow, root } from './modules.ts';

const spread =
  /\.(?:push|unshift|splice)\([^()]*\.\.\.|Math\.(?:max|min)\([^()]*\.\.\.|fromC(?:harCode|odePoint)\(\s*\.\.\.|\.(?:push|unshift|splice|max|min|fromCharCode|fromCodePoint)\.apply\(/g;

/** A call with more than about 120,000 arguments throws a RangeError. */
test('no list is spread into the arguments of push, Math.max and the like', () => {
  const found = filesBelow('functions').flatMap((file) => {
    const calls = readFileSync(join(root, file), 'utf8').match(spread) ?? [];
    return calls.map((call) => `${file}: ${call}`);
  });
  expect(found).toEqual([]);
});
