import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { JsonService } from '../../../../functions/aws/sdk/json-service.ts';
import { ServiceError } from '../../../../functions/aws/sdk/service-error.ts';
import { dynamoDbService, openDynamoDb } from '../../../standins/dynamodb/open-dynamodb.ts';
import { type ServiceProxy, startServiceProxy } from '../../../standins/dynamodb/service-proxy.ts';

const throttled = {
  status: 400,
  body: { __type: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException' },
} as const;
const failing = { status: 500, body: { __type: 'InternalServerError' } } as const;
const fine = { status: 200, body: { fine: true } } as const;

async function errorOf(work: Promise<unknown>): Promise<ServiceError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ServiceError) return error;
  throw new Error(`no ServiceError but ${String(error)}`);
}

describe('the client of a JSON service', () => {
  let proxy: ServiceProxy;
  let service: JsonService;

  beforeEach(async () => {
    proxy = await startServiceProxy('http://127.0.0.1:9');
    service = dynamoDbService(proxy.endpoint);
  });
  afterEach(async () => {
    service.close();
    await proxy.close();
  });

  test.each([
    ['throttling', throttled],
    ['an internal error', failing],
    ['a cut connection', 'cut'],
  ] as const)('goes on after %s', async (_, fault) => {
    proxy.answerBy(() => (proxy.calls.length < 3 ? fault : fine));
    expect(await service.call('GetItem', {})).toEqual({ fine: true });
    expect(proxy.calls).toHaveLength(3);
  });

  test('gives up after four attempts', async () => {
    proxy.answerBy(() => throttled);
    const error = await errorOf(service.call('GetItem', {}));
    expect(error).toMatchObject({
      code: 'ProvisionedThroughputExceededException',
      status: 400,
      retryable: true,
    });
    expect(proxy.calls).toHaveLength(4);
  });

  test('does not repeat what cannot succeed', async () => {
    const body = { __type: 'com.amazon.coral.validate#ValidationException', message: 'Bad key' };
    proxy.answerBy(() => ({ status: 400, body }));
    const error = await errorOf(service.call('GetItem', {}));
    expect(error.message).toBe('DynamoDB_20120810.GetItem: ValidationException (400): Bad key');
    expect(error.retryable).toBe(false);
    expect(proxy.calls).toHaveLength(1);
  });

  test('repeats a counting call only when it surely was not done', async () => {
    proxy.answerBy(() => failing);
    await errorOf(service.call('UpdateItem', {}, { once: true }));
    expect(proxy.calls).toHaveLength(1);
    proxy.answerBy(() => 'cut');
    await errorOf(service.call('UpdateItem', {}, { once: true }));
    const before = proxy.calls.length;
    proxy.answerBy(() => (proxy.calls.length === before + 1 ? throttled : fine));
    expect(await service.call('UpdateItem', {}, { once: true })).toEqual({ fine: true });
  });

  test('keeps what a service says of a signature out of its errors', async () => {
    const secret = 'IQoJb3JpZ2luX2VjE-a-session-token';
    const message = `The Canonical String should have been 'x-amz-security-token:${secret}'`;
    const body = { __type: 'com.amazon.coral.service#InvalidSignatureException', message };
    proxy.answerBy(() => ({ status: 400, body }));
    const error = await errorOf(service.call('GetItem', {}));
    expect(JSON.stringify([error, error.message, error.stack])).not.toContain(secret);
    expect(error.code).toBe('InvalidSignatureException');
  });

  test('waits for an answer no longer than it is told', async () => {
    proxy.answerBy(() => 'silence');
    const began = performance.now();
    const error = await errorOf(service.call('GetItem', {}, { answerTimeout: 1600 }));
    expect(error.code).toBe('Timeout');
    expect(performance.now() - began).toBeLessThan(2500);
    expect(proxy.calls).toHaveLength(1);
  });

  test('a call can be broken off', async () => {
    const stop = new AbortController();
    proxy.answerBy(() => {
      stop.abort(new Error('stopped'));
      return 'silence';
    });
    const call = service.call('ReceiveMessage', {}, { signal: stop.signal });
    await expect(call).rejects.toThrow('stopped');
  });

  test('a service that is down is found out fast, and left alone for a while', async () => {
    await proxy.close();
    const began = performance.now();
    for (let call = 0; call < 3; call++) {
      expect((await errorOf(service.call('GetItem', {}))).code).toBe('Unreachable');
    }
    expect(performance.now() - began).toBeLessThan(4000);
    const resting = performance.now();
    for (let call = 0; call < 50; call++) await errorOf(service.call('GetItem', {}));
    expect(performance.now() - resting).toBeLessThan(100);
  });

  test('a kept connection that the service closed is replaced', async () => {
    const opened = await openDynamoDb();
    await opened.table.get({ pk: 'a', sk: 'b' });
    opened.proxy.answerBy(() => (opened.proxy.calls.length % 2 === 0 ? 'cut' : undefined));
    expect(await opened.table.get({ pk: 'a', sk: 'b' })).toBeUndefined();
    expect(opened.proxy.calls).toHaveLength(3);
    await opened.close();
  });
});

test('after its rest one call tries a service again, and success ends the outage', async () => {
  const proxy = await startServiceProxy('http://127.0.0.1:9');
  let now = 0;
  const service = dynamoDbService(proxy.endpoint, () => now);
  proxy.answerBy(() => 'cut');
  for (let call = 0; call < 3; call++) await errorOf(service.call('GetItem', {}));
  const during = proxy.calls.length;
  await errorOf(service.call('GetItem', {}));
  expect(proxy.calls).toHaveLength(during);
  now += 2001;
  proxy.answerBy(() => fine);
  const [probe, others] = await Promise.allSettled([
    service.call('GetItem', {}),
    service.call('GetItem', {}),
  ]);
  expect([probe.status, others.status]).toEqual(['fulfilled', 'rejected']);
  expect(await service.call('GetItem', {})).toEqual({ fine: true });
  service.close();
  await proxy.close();
});
