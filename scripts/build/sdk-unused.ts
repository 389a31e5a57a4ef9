// Stands for parts of the SDK that its clients import and a function never calls.

/** The environment has the credentials. */
export const defaultProvider = () => async () => {
  throw Object.assign(new Error('no credentials in the environment'), {
    name: 'CredentialsProviderError',
  });
};

/** Endpoint discovery is for commands of Timestream: DynamoDB's client only creates its cache. */
export class EndpointCache {}

/** No command here streams events: the clients only create what would read them. */
export const eventStreamSerdeProvider = () => undefined;
export const resolveEventStreamSerdeConfig = <Config>(config: Config) => config;
export class EventStreamSerde {
  constructor() {
    throw new Error('this bundle of the SDK has no event streams');
  }
}

/** Node always has its own SHA-256. */
export class Sha256Js {}
