import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { getEndpointFromInstructions } from '@smithy/core/endpoints';
import { SafeRetries } from '../sdk/retries.ts';
import { guardPlace, openService, type ServiceOptions } from '../sdk/service.ts';

/** Clients of DynamoDB that share their connections. */
export interface DynamoDbClients {
  readonly client: DynamoDBClient;
  /** For calls that must not be applied twice. */
  readonly once: DynamoDBClient;
  /** Opens a connection for the first call. */
  openAhead(): Promise<void>;
  /** Closes the connections. */
  close(): void;
}

/** Creates the clients. They connect with the first call, or with `openAhead`. */
export function openDynamoDbClients(options: ServiceOptions): DynamoDbClients {
  const { now = Date.now } = options;
  const { settings, guard, connections } = openService('DynamoDB', options);
  const open = (more: object) => {
    const client = new DynamoDBClient({ ...settings, ...more });
    client.middlewareStack.add(guard, guardPlace);
    return client;
  };
  const client = open({});
  const { requestHandler } = client.config;
  let once: DynamoDBClient | undefined;
  return {
    client,
    get once() {
      once ??= open({ requestHandler, retryStrategy: new SafeRetries(now) });
      return once;
    },
    async openAhead() {
      const key = { pk: { S: '' }, sk: { S: '' } };
      const input = { TableName: 'any', Key: key };
      const { url } = await getEndpointFromInstructions(input, GetItemCommand, client.config);
      connections.openAhead(url);
    },
    close: connections.close,
  };
}
