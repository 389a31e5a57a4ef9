import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { getEndpointFromInstructions } from '@smithy/core/endpoints';
import { UntouchedRetries } from '../sdk/retries.ts';
import { guardPlace, openService, type ServiceOptions } from '../sdk/service.ts';

/** The clients of DynamoDB; they share their connections. */
export interface DynamoDbClients {
  readonly client: DynamoDBClient;
  /** For calls that must not take effect twice. */
  readonly once: DynamoDBClient;
  /** Opens a connection that the first call will use. */
  openAhead(): Promise<void>;
  /** Ends the connections. */
  close(): void;
}

/** Opens the clients. Nothing is connected before the first call, or `openAhead`. */
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
      once ??= open({ requestHandler, retryStrategy: new UntouchedRetries(now) });
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
