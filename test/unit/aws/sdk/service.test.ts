import { GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  type DynamoDbClients,
  openDynamoDbClients,
} from '../../../../functions/aws/dynamodb/dynamodb-clients.ts';
import { Outages } from '../../../../functions/aws/sdk/outage.ts';
import { ServiceError } from '../../../../functions/aws/sdk/service-error.ts';
import { dynamoDbClients, openDynamoDb } from '../../../standins/dynamodb/open-dynamodb.ts';
import { type ServiceProxy, startServiceProxy } from '../../../standins/dynamodb/service-proxy.ts';

const throttled = {
  status: 400,
  body: { __type: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException' },
} as const;
const failing = { status: 500, body: { __type: 'InternalServerError' } } as const;
const fine = { status: 200, body: { Item: { fine: { BOOL: true } } } } as const;

const key = { TableName: 'table', Key: { pk: { S: 'a' }, sk: { S: 'b' } } };

async function errorOf(work: Promise<unknown>): Promise<ServiceError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ServiceError) return error;
  throw new Error(`no ServiceError but ${String(error)}`);
}

let proxy: ServiceProxy;
let clients: DynamoDbClients;
let now: () => number;

beforeEach(async () => {
  proxy = await startServiceProxy('http://127.0.0.1:9');
  now = Date.now;
  clients = dynamoDbClients(proxy.endpoint, () => now());
});
afterEach(async () => {
  clients.close();
  await proxy.close();
});

const get = () => clients.client.send(new GetItemCommand(key));
const count = () => clients.once.send(new UpdateItemCommand(key));

describe('a call', () => {
  test.each([
    ['throttling', throttled],
    ['an internal error', failing],
    ['a cut connection', 'cut'],
  ] as const)('is repeated after %s', async (_, fault) => {
    proxy.answerBy(() => (proxy.calls.length < 3 ? fault : fine));
    expect(await get()).toMatchObject(fine.body);
    expect(proxy.calls).toHaveLength(3);
  });

  test('is given up after four attempts', async () => {
    proxy.answerBy(() => throttled);
    const code = 'ProvisionedThroughputExceededException';
    expect(await errorOf(get())).toMatchObject({ code, status: 400 });
    expect(proxy.calls).toHaveLength(4);
  });

  test('is not repeated when no time is left for another attempt', async () => {
    let time = 0;
    now = () => time;
    proxy.answerBy(() => {
      time += 900;
      return failing;
    });
    await errorOf(get());
    expect(proxy.calls).toHaveLength(1);
  });

  test('that cannot succeed is not repeated', async () => {
    const body = { __type: 'com.amazon.coral.validate#ValidationException', message: 'Bad key' };
    proxy.answerBy(() => ({ status: 400, body }));
    const { message } = await errorOf(get());
    expect(message).toBe('DynamoDB.GetItem: ValidationException (400): Bad key');
    expect(proxy.calls).toHaveLength(1);
  });

  test('that may have taken effect is repeated only if that does no harm', async () => {
    proxy.answerBy(() => failing);
    await errorOf(count());
    expect(proxy.calls).toHaveLength(1);
    proxy.answerBy(() => 'cut');
    await errorOf(count());
    expect(proxy.calls).toHaveLength(2);
    proxy.answerBy(() => (proxy.calls.length === 3 ? throttled : fine));
    await count();
    expect(proxy.calls).toHaveLength(4);
  });

  test('that waits for its answer too long is over, and may have taken effect', async () => {
    proxy.answerBy(() => 'silence');
    const began = performance.now();
    const failures = await Promise.all([errorOf(get()), errorOf(count())]);
    expect(failures.map(({ code }) => code)).toEqual(['Timeout', 'Timeout']);
    expect(performance.now() - began).toBeGreaterThan(2900);
    expect(proxy.calls).toHaveLength(2);
  });

  test('keeps what a service says of a signature out of its error', async () => {
    const secret = 'IQoJb3JpZ2luX2VjE-a-session-token';
    const message = `The Canonical String should have been 'x-amz-security-token:${secret}'`;
    const body = { __type: 'com.amazon.coral.service#InvalidSignatureException', message };
    proxy.answerBy(() => ({ status: 400, body }));
    const error = await errorOf(get());
    expect(JSON.stringify([error, error.message, error.stack, error.cause])).not.toContain(secret);
    expect(error.code).toBe('InvalidSignatureException');
  });

  test('says by which request it failed', async () => {
    const headers = { 'x-amzn-requestid': 'REQUEST1' };
    proxy.answerBy(() => ({ ...failing, headers }));
    expect((await errorOf(count())).message).toContain('(500, request REQUEST1)');
  });

  test('can be broken off', async () => {
    const stop = new AbortController();
    proxy.answerBy(() => {
      stop.abort(new Error('stopped'));
      return 'silence';
    });
    const call = clients.client.send(new GetItemCommand(key), { abortSignal: stop.signal });
    await expect(call).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('a service that is down', () => {
  test('is found out fast, and left alone for a while', async () => {
    await proxy.close();
    expect((await errorOf(get())).message).not.toContain('skipped');
    for (let call = 0; call < 50; call++) {
      expect((await errorOf(get())).message).toContain('skipped');
    }
    proxy = await startServiceProxy('http://127.0.0.1:9');
  });

  test.each([
    ['an internal error at every attempt', failing],
    ['silence', 'silence'],
  ] as const)('is also one with %s', async (_, fault) => {
    proxy.answerBy(() => fault);
    await errorOf(get());
    const during = proxy.calls.length;
    expect((await errorOf(get())).message).toContain('skipped');
    expect(proxy.calls).toHaveLength(during);
  });

  test('is not one that is throttled, or that answered others meanwhile', async () => {
    proxy.answerBy(() => throttled);
    await errorOf(get());
    proxy.answerBy(() => (proxy.calls.length === 5 ? 'silence' : fine));
    const silent = errorOf(get());
    await vi.waitFor(() => expect(proxy.calls).toHaveLength(5));
    expect(await get()).toMatchObject(fine.body);
    expect((await silent).code).toBe('Timeout');
    expect(await get()).toMatchObject(fine.body);
  });

  test('shortens the calls of the others in its process', async () => {
    const outages = new Outages(() => now());
    const other = await startServiceProxy('http://127.0.0.1:9');
    const open = ({ endpoint }: ServiceProxy) =>
      openDynamoDbClients({
        region: 'us-east-1',
        endpoint: new URL(endpoint),
        credentials: () => ({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'made up' }),
        outages,
      });
    const [first, second] = [open(proxy), open(other)];
    proxy.answerBy(() => failing);
    await errorOf(first.client.send(new GetItemCommand(key)));
    other.answerBy(() => 'silence');
    // One that knows nothing of the first waits longer.
    const alone = dynamoDbClients(other.endpoint, () => now());
    const order: string[] = [];
    const wait = async (name: string, { client }: DynamoDbClients) => {
      const { code } = await errorOf(client.send(new GetItemCommand(key)));
      order.push(`${name}: ${code}`);
    };
    await Promise.all([wait('alone', alone), wait('second', second)]);
    expect(order).toEqual(['second: Timeout', 'alone: Timeout']);
    alone.close();
    first.close();
    second.close();
    await other.close();
  });

  test('is tried again by one call after a rest, and success ends the outage', async () => {
    let time = 0;
    now = () => time;
    proxy.answerBy(() => 'cut');
    await errorOf(get());
    const during = proxy.calls.length;
    await errorOf(get());
    await errorOf(count());
    expect(proxy.calls).toHaveLength(during);
    time += 2001;
    proxy.answerBy(() => fine);
    const [probe, others] = await Promise.allSettled([get(), get()]);
    expect([probe.status, others.status]).toEqual(['fulfilled', 'rejected']);
    expect(await get()).toMatchObject(fine.body);
  });
});

test('credentials that cannot be fetched are no outage', async () => {
  let fails = true;
  const { client } = openDynamoDbClients({
    region: 'us-east-1',
    endpoint: new URL(proxy.endpoint),
    async credentials() {
      if (fails) throw new Error('no role, and a secret');
      return { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'made up' };
    },
  });
  for (let call = 0; call < 3; call++) {
    expect((await errorOf(client.send(new GetItemCommand(key)))).message).not.toContain('secret');
  }
  fails = false;
  proxy.answerBy(() => fine);
  expect(await client.send(new GetItemCommand(key))).toMatchObject(fine.body);
});

test('a kept connection that the service closed is replaced', async () => {
  const opened = await openDynamoDb();
  await opened.table.get({ pk: 'a', sk: 'b' });
  opened.proxy.answerBy(() => (opened.proxy.calls.length % 2 === 0 ? 'cut' : undefined));
  expect(await opened.table.get({ pk: 'a', sk: 'b' })).toBeUndefined();
  expect(opened.proxy.calls).toHaveLength(3);
  await opened.close();
});

/** The host that a call without a configured endpoint goes to. */
async function hostIn(region: string): Promise<string | undefined> {
  const credentials = () => ({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'made up' });
  const { client } = openDynamoDbClients({ region, credentials });
  let asked: string | undefined;
  client.middlewareStack.add(
    () =>
      async ({ request }) => {
        asked = String(Object(request).hostname);
        throw new Error('seen');
      },
    { step: 'finalizeRequest', priority: 'low' },
  );
  await errorOf(client.send(new GetItemCommand(key)));
  return asked;
}

describe('where a service is', () => {
  afterEach(() => vi.unstubAllEnvs());

  test.each([
    ['us-east-1', 'dynamodb.us-east-1.amazonaws.com'],
    ['cn-north-1', 'dynamodb.cn-north-1.amazonaws.com.cn'],
    ['eusc-de-east-1', 'dynamodb.eusc-de-east-1.amazonaws.eu'],
    ['us-iso-east-1', 'dynamodb.us-iso-east-1.c2s.ic.gov'],
  ])('in %s it is %s', async (region, host) => {
    expect(await hostIn(region)).toBe(host);
  });

  test('variables of AWS say it', async () => {
    vi.stubEnv('AWS_USE_FIPS_ENDPOINT', 'true');
    expect(await hostIn('us-east-1')).toBe('dynamodb-fips.us-east-1.amazonaws.com');
    vi.unstubAllEnvs();
    vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', 'https://table.example');
    expect(await hostIn('us-east-1')).toBe('table.example');
  });
});
