import { expect, test } from 'vitest';
import { clientNetwork } from '../../../../functions/node/http/client-network.ts';

test.each([
  ['10.0.0.1', '10.0.0.1'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::'],
  ['2001:db8:1:2::9', '2001:db8:1:2::'],
  ['2001:db8:1:3::9', '2001:db8:1:3::'],
  ['fe80::1%eth0', 'fe80::'],
  ['a name', 'a name'],
  [undefined, undefined],
])('the client at %s is %s', (address, client) => {
  expect(clientNetwork(address)).toBe(client);
});
