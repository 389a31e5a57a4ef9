import { expect, test } from 'vitest';
import { Clients } from '../../../../functions/core/clients/clients.ts';

const networks = { office: ['203.0.113.0/24'] };

test('an address is looked up once', () => {
  const clients = new Clients({ networks, trustProxy: false }, () => 0);
  const sender = { remoteAddress: '203.0.113.9', header: () => undefined };
  const client = clients.of(sender);
  expect(client).toEqual({ key: '203.0.113.9', networks: ['office'] });
  expect(clients.of(sender)).toBe(client);
  expect(clients.of({ header: () => undefined })).toBeUndefined();
});
