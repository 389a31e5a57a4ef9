import { expect } from 'vitest';
import { call, key, s } from '../calls.ts';
import type { Exchange } from '../exchange.ts';
import { tableDefinition } from '../table-definition.ts';

const elsewhere = { TableName: '{table}-else' };

// A real one takes up to an hour.
const enabled = {
  AttributeName: 'ttl',
  TimeToLiveStatus: expect.stringMatching(/^ENABL(ED|ING)$/),
};

/** The table itself, and calls that no table sees. */
export const tables: readonly Exchange[] = [
  {
    name: 'a table that is there cannot be made',
    ask: { action: 'CreateTable', input: { ...tableDefinition('{table}') } },
    expect: { code: 'ResourceInUseException' },
  },
  {
    name: 'GetItem in a table that is not there',
    ask: { action: 'GetItem', input: { ...elsewhere, Key: key() } },
    expect: { code: 'ResourceNotFoundException' },
  },
  {
    name: 'PutItem in a table that is not there',
    ask: { action: 'PutItem', input: { ...elsewhere, Item: key() } },
    expect: { code: 'ResourceNotFoundException' },
  },
  {
    name: 'Query in a table that is not there',
    ask: {
      action: 'Query',
      input: {
        ...elsewhere,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': s('a') },
      },
    },
    expect: { code: 'ResourceNotFoundException' },
  },
  {
    name: 'a batch for a table that is not there',
    ask: {
      action: 'BatchWriteItem',
      input: { RequestItems: { '{table}-else': [{ PutRequest: { Item: key() } }] } },
    },
    expect: { code: 'ResourceNotFoundException' },
  },
  {
    name: 'DescribeTable of one that is not there',
    ask: { action: 'DescribeTable', input: elsewhere },
    expect: { code: 'ResourceNotFoundException' },
  },
  {
    name: 'the time to live that was set',
    ask: call('DescribeTimeToLive'),
    expect: { answer: { TimeToLiveDescription: enabled } },
    // It cannot set one, and is not asked to.
    differs: [
      {
        at: 'dynalite',
        expect: { answer: { TimeToLiveDescription: { TimeToLiveStatus: 'DISABLED' } } },
      },
    ],
  },
];
