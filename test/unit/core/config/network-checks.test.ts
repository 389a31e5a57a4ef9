import { expect, test } from 'vitest';
import { checkNetworks } from '../../../../functions/core/config/network-checks.ts';
import { Overlay } from '../../../../functions/core/config/overlay.ts';

function found(json: object): string[] {
  const reports: string[] = [];
  checkNetworks(new Overlay(json), (path, message) =>
    reports.push(`${path.join('.')}: ${message}`),
  );
  return reports;
}

const hint = 'is not a network; expected one such as "203.0.113.0/24"';

test('addresses and networks are right', () => {
  const office = ['10.0.0.0/8', '192.0.2.1', 'fd00::/8', '::1'];
  expect(found({ networks: { office }, trustProxy: office })).toEqual([]);
});

test('what looks like a network and is none', () => {
  const networks = { office: ['10.0.0.0/8', '300.0.0.1', '10.0.0.0/40'] };
  expect(found({ networks, trustProxy: ['1.2.3.4', 'fd00::/200'] })).toEqual([
    `networks.office.1: "300.0.0.1" ${hint}`,
    `networks.office.2: "10.0.0.0/40" ${hint}`,
    `trustProxy.1: "fd00::/200" ${hint}`,
  ]);
});

test('what does not look like one is for the definition', () => {
  expect(found({ networks: { office: ['words', 5], other: 'text' }, trustProxy: 5 })).toEqual([]);
});

test('limits are for networks that are defined, and for anonymous', () => {
  const networks = { office: [], home: [] };
  const clients = { office: {}, anonymous: {}, offic: {} };
  expect(found({ networks, clients })).toEqual([
    'clients.offic: no network "offic" in "networks"; expected one of office, home, anonymous',
  ]);
  expect(found({ clients: { office: {} } })).toEqual([
    'clients.office: no network "office" in "networks"; expected one of anonymous',
  ]);
});
