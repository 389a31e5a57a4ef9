import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tableDefinition, timeToLive } from '../../../test/standins/dynamodb/table-definition.ts';
import { synthesised } from './synthesised.ts';

test('the stack creates the table that the tests use', () => {
  const [table] = Object.values(synthesised().findResources('AWS::DynamoDB::Table'));
  const definition = tableDefinition('name');
  const { BillingMode, AttributeDefinitions, KeySchema, TimeToLiveSpecification } =
    table?.Properties ?? {};
  assert.deepEqual(
    { TableName: 'name', BillingMode, AttributeDefinitions, KeySchema },
    definition,
    'test/standins/dynamodb/table-definition.ts differs',
  );
  assert.deepEqual({ TableName: 'name', TimeToLiveSpecification }, timeToLive('name'));
  for (const index of ['GlobalSecondaryIndexes', 'LocalSecondaryIndexes'] as const) {
    assert.deepEqual(table?.Properties[index], definition[index]);
  }
});
