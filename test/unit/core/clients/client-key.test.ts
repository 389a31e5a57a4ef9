import { expect, test } from 'vitest';
import { clientKey } from '../../../../functions/core/clients/client-key.ts';

test.each([
  ['10.0.0.1', '10.0.0.1'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::'],
  ['2001:db8:1:2::9', '2001:db8:1:2::'],
  ['2001:db8:1:3::9', '2001:db8:1:3::'],
  ['fe80::1%eth0', 'fe80::'],
  ['a name', 'a name'],
])('the client at %s is %s', (address, client) => {
  expect(clientKey(address)).toBe(client);
});
