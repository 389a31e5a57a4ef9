import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tableDefinition, timeToLive } from '../../../functions/aws/dynamodb/item-keys.ts';
import { synthesised } from './synthesised.ts';

test('the table is the one that the mirror is tested with', () => {
  const [table] = Object.values(synthesised().findResources('AWS::DynamoDB::Table'));
  const definition = tableDefinition('name');
  const { BillingMode, AttributeDefinitions, KeySchema, TimeToLiveSpecification } =
    table?.Properties ?? {};
  assert.deepEqual(
    { TableName: 'name', BillingMode, AttributeDefinitions, KeySchema },
    definition,
    'functions/aws/dynamodb/item-keys.ts says otherwise',
  );
  assert.deepEqual({ TableName: 'name', TimeToLiveSpecification }, timeToLive('name'));
  for (const index of ['GlobalSecondaryIndexes', 'LocalSecondaryIndexes'] as const) {
    assert.deepEqual(table?.Properties[index], definition[index]);
  }
});
