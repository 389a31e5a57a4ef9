import { describe, expect, test } from 'vitest';
import { Networks } from '../../../../functions/core/clients/networks.ts';

const networks = new Networks({
  office: ['203.0.113.0/24', '2001:db8:1::/48'],
  ci: ['203.0.113.64/26', '198.51.100.7'],
});

describe('the networks of an address', () => {
  test.each([
    ['203.0.113.9', ['office']],
    ['::ffff:203.0.113.9', ['office']],
    ['203.0.113.70', ['office', 'ci']],
    ['198.51.100.7', ['ci']],
    ['198.51.100.8', []],
    ['2001:db8:1:2::3', ['office']],
    ['2001:db8:2::3', []],
    ['unknown', []],
  ])('%s is in %j', (address, names) => {
    expect(networks.namesOf(address)).toEqual(names);
  });
});
