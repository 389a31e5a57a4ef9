import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DynamoDbLeases } from '../../../../functions/aws/dynamodb/leases.ts';
import { DynamoDbLedger } from '../../../../functions/aws/dynamodb/ledger.ts';
import { ServiceError } from '../../../../functions/aws/sdk/service-error.ts';
import { StoreBusy } from '../../../../functions/core/ports/leases.ts';
import { type OpenedDynamoDb, openDynamoDb } from '../../../standins/dynamodb/open-dynamodb.ts';

let opened: OpenedDynamoDb;

beforeEach(async () => {
  opened = await openDynamoDb();
});
afterEach(() => opened.close());

describe('leases', () => {
  test('taking, renewing and releasing are one call each', async () => {
    const leases = new DynamoDbLeases(opened.table, () => 1000);
    const actions = await opened.proxy.during(async () => {
      const lease = await leases.acquire('a', 500);
      const renewed = lease && (await leases.renew(lease, 900));
      if (renewed) await leases.release(renewed);
    });
    expect(actions).toEqual(['UpdateItem', 'UpdateItem', 'UpdateItem']);
  });

  test('a lease whose answer was lost on the way is granted all the same', async () => {
    const leases = new DynamoDbLeases(opened.table, () => 1000);
    opened.proxy.answerBy(() => (opened.proxy.calls.length === 1 ? 'cut-after' : undefined));
    const lease = await leases.acquire('a', 500);
    expect(lease).toBeDefined();
    expect(opened.proxy.calls).toHaveLength(2);
    expect(await leases.acquire('a', 500)).toBeUndefined();
    expect(lease && (await leases.renew(lease, 500))).toBeDefined();
  });

  test('who waits for one reads, and not all of a strong read', async () => {
    const leases = new DynamoDbLeases(opened.table, () => 1000);
    await leases.acquire('a', 500);
    opened.proxy.calls.length = 0;
    expect(await leases.look('a')).toMatchObject({ isHeld: true });
    const [call] = opened.proxy.calls;
    expect(call).toMatchObject({ action: 'GetItem', input: { ConsistentRead: false } });
  });

  test('a table that throttles is busy and has not failed', async () => {
    const leases = new DynamoDbLeases(opened.table, () => 1000);
    const body = { __type: 'com.amazonaws.dynamodb.v20120810#ThrottlingException' };
    opened.proxy.answerBy(() => ({ status: 400, body }));
    await expect(leases.acquire('a', 500)).rejects.toThrow(StoreBusy);
    await expect(leases.look('a')).rejects.toThrow(StoreBusy);
    opened.proxy.answerBy(() => ({ status: 500, body: { __type: 'InternalServerError' } }));
    await expect(leases.acquire('a', 500)).rejects.toThrow(ServiceError);
  });

  test('one that expired is free although its item is still there', async () => {
    let now = Date.now();
    const leases = new DynamoDbLeases(opened.table, () => now);
    await leases.acquire('a', 500);
    now += 500;
    expect(await opened.table.get({ pk: 'lease#a', sk: 'lease' })).toBeDefined();
    expect(await leases.acquire('a', 500)).toBeDefined();
  });

  test('a fence goes on rising after DynamoDB deleted the item', async () => {
    let now = Date.now();
    const leases = new DynamoDbLeases(opened.table, () => now);
    const first = await leases.acquire('a', 500);
    for (let times = 0; times < 5; times++) {
      now += 500;
      await leases.acquire('a', 500);
    }
    now += 86_400_000;
    await opened.table.remove({ pk: 'lease#a', sk: 'lease' });
    const next = await leases.acquire('a', 500);
    expect(next?.fence).toBeGreaterThan((first?.fence ?? 0) + 5);
  });
});

describe('the ledger', () => {
  test('counts cost nothing until they are flushed, and then one call', async () => {
    const ledger = new DynamoDbLedger(opened.table);
    for (let times = 0; times < 100; times++) ledger.count({ pullsServed: 1, bytesServed: 10 });
    expect(opened.proxy.calls).toEqual([]);
    expect(await opened.proxy.during(() => ledger.flush())).toEqual(['UpdateItem']);
    expect(await opened.proxy.during(() => ledger.flush())).toEqual([]);
    const another = new DynamoDbLedger(opened.another());
    expect(await another.counters()).toMatchObject({ pullsServed: 100, bytesServed: 1000 });
  });

  test('counts of several instances add up', async () => {
    const ledgers = Array.from({ length: 5 }, () => new DynamoDbLedger(opened.another()));
    for (const ledger of ledgers) ledger.count({ pullsMade: 2 });
    await Promise.all(ledgers.map((ledger) => ledger.flush()));
    expect((await new DynamoDbLedger(opened.table).counters()).pullsMade).toBe(10);
  });

  test('what could not be written waits for the next flush', async () => {
    const ledger = new DynamoDbLedger(opened.table);
    ledger.count({ pullsServed: 3 });
    const body = { __type: 'InternalServerError' };
    opened.proxy.answerBy(() => ({ status: 500, body }));
    await expect(ledger.flush()).rejects.toThrow('InternalServerError');
    expect(opened.proxy.calls).toHaveLength(1);
    opened.proxy.answerBy(() => undefined);
    ledger.count({ pullsServed: 1 });
    await ledger.flush();
    expect((await new DynamoDbLedger(opened.another()).counters()).pullsServed).toBe(4);
  });
});
