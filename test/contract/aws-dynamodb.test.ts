import { DynamoDbLeases } from '../../functions/aws/dynamodb/leases.ts';
import { DynamoDbLedger } from '../../functions/aws/dynamodb/ledger.ts';
import { DynamoDbManifestStore } from '../../functions/aws/dynamodb/manifest-store.ts';
import { MemoryManifests } from '../standins/dynamodb/memory-manifests.ts';
import { openDynamoDb } from '../standins/dynamodb/open-dynamodb.ts';
import { describeLeasesContract } from './leases-contract.ts';
import { describeLedgerContract } from './ledger-contract.ts';
import { describeManifestStoreContract } from './manifest-store-contract.ts';

describeManifestStoreContract('dynamodb', async () => {
  const opened = await openDynamoDb();
  const options = { large: new MemoryManifests(), now: Date.now };
  return {
    store: new DynamoDbManifestStore(opened.table, options),
    reopen: async () => new DynamoDbManifestStore(opened.another(), options),
    close: () => opened.close(),
  };
});

describeLeasesContract('dynamodb', async () => {
  const opened = await openDynamoDb();
  // Not long ago: the service itself deletes what expired by its own clock.
  let now = Date.now();
  return {
    store: new DynamoDbLeases(opened.table, () => now),
    pass: async (milliseconds) => {
      now += milliseconds;
    },
    reopen: async () => new DynamoDbLeases(opened.another(), () => now),
    close: () => opened.close(),
  };
});

describeLedgerContract('dynamodb', async () => {
  const opened = await openDynamoDb();
  let current = new DynamoDbLedger(opened.table);
  return {
    store: current,
    reopen: async () => {
      await current.flush();
      current = new DynamoDbLedger(opened.another());
      return current;
    },
    close: () => opened.close(),
  };
});
