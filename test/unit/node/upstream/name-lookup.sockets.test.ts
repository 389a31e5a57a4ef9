import { expect, test } from 'vitest';
import { lookupBy } from '../../../../functions/node/upstream/name-lookup.ts';

const v4 = { address: '192.0.2.1', family: 4 };
const v6 = { address: '2001:db8::1', family: 6 };

/** What a socket gets from a lookup: the arguments of its callback. */
function lookUp(options: { all?: boolean; family?: number }, found: object[] | Error = [v6, v4]) {
  const resolve = async () => {
    if (found instanceof Error) throw found;
    return found as (typeof v4)[];
  };
  return new Promise<unknown[]>((done) => {
    lookupBy(resolve)('a.example', options, (...answer) => done(answer));
  });
}

test.each([
  ['all addresses', { all: true }, [null, [v6, v4]]],
  ['all of a family', { all: true, family: 4 }, [null, [v4]]],
  ['the first address', {}, [null, v6.address, 6]],
  ['the first address of any family', { family: 0 }, [null, v6.address, 6]],
  ['the first of a family', { family: 4 }, [null, v4.address, 4]],
])('a socket gets %s', async (_, options, expected) => {
  expect(await lookUp(options)).toEqual(expected);
});

test('a socket gets no address of a family that the name has not, and the error of a lookup', async () => {
  expect(await lookUp({ family: 6 }, [v4])).toEqual([null, '', 0]);
  const error = new Error('not found');
  expect(await lookUp({}, error)).toEqual([error, '', 0]);
});
