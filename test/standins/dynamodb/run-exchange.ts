import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { signedHeaders } from '../sdk-signer.ts';
import type { Ask, Exchange, Expected, TableAddress } from './exchange.ts';
import { credentials, region } from './open-dynamodb.ts';

const throttled = new Set(['ThrottlingException', 'ProvisionedThroughputExceededException']);

/** The code of an error, and the answer with the placeholders in it again. */
interface Answer {
  readonly code: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Runs one row of the table of exchanges. What it writes goes with the table. */
export async function runExchange(exchange: Exchange, address: TableAddress): Promise<void> {
  const row = randomUUID();
  const differs = exchange.differs?.find(({ at }) => at === address.kind);
  for (const ask of exchange.given ?? []) check(await perform(ask, row, address), {});
  check(await perform(exchange.ask, row, address), differs?.expect ?? exchange.expect);
  for (const { ask, expect: expected } of differs?.after ?? exchange.after ?? []) {
    check(await perform(ask, row, address), expected);
  }
}

function check({ code, body }: Answer, expected: Expected): void {
  expect(code, JSON.stringify(body).slice(0, 1000)).toBe(expected.code);
  for (const [name, value] of Object.entries(expected.answer ?? {})) {
    expect(body[name], name).toEqual(value);
  }
}

/** Makes a call, and makes it again for as long as a real table throttles. */
export async function perform(
  { action, input }: Ask,
  row: string,
  address: TableAddress,
): Promise<Answer> {
  const body = JSON.stringify(input)
    .replaceAll('{row}', row)
    .replaceAll('{table}', address.tableName);
  for (;;) {
    const { status, text } = await send(action, body, address.endpoint);
    if (status !== 200 && status !== 400) return { code: `Http${status}`, body: { text } };
    const answer = JSON.parse(
      text.replaceAll(row, '{row}').replaceAll(address.tableName, '{table}'),
    );
    const code = status === 200 ? undefined : String(answer.__type).split('#').pop();
    if (code === undefined || !throttled.has(code)) return { code, body: answer };
    await pause(200);
  }
}

async function send(action: string, body: string, endpoint: string) {
  const headers = {
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': `DynamoDB_20120810.${action}`,
  };
  const signed = await signedHeaders({
    ...{ service: 'dynamodb', region, credentials: credentials() },
    ...{ method: 'POST', url: new URL(endpoint), headers, body },
  });
  const answer = await fetch(endpoint, { method: 'POST', headers: signed, body });
  return { status: answer.status, text: await answer.text() };
}
