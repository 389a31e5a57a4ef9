import type { JsonObject } from '../sdk/json-service.ts';

/** The attribute after which DynamoDB may delete an item: seconds since 1970. */
export const timeToLiveAttribute = 'ttl';

/** The table as CreateTable takes it; no index besides its key. */
export function tableDefinition(name: string): JsonObject {
  return {
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'sk', AttributeType: 'S' },
    ],
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
  };
}

/** The table's time to live as UpdateTimeToLive takes it. */
export function timeToLive(name: string): JsonObject {
  return {
    TableName: name,
    TimeToLiveSpecification: { AttributeName: timeToLiveAttribute, Enabled: true },
  };
}
