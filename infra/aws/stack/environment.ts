import type { Data } from './data.ts';
import type { FillQueues } from './fill-queues.ts';

/** An account at Docker Hub. */
export interface HubAccount {
  readonly username: string;
  /** The name or ARN of the secret with its password or token. */
  readonly secret: string;
}

/**
 * The environment of the functions, which overrides their configuration file. It contains names, never
 * secrets. Empty values count as absent, so a template's parameter may be empty.
 */
export function mirrorEnvironment(
  { table, bucket }: Data,
  { queue, deadLetters }: FillQueues,
  choices: { readonly dualStack: boolean; readonly hub: HubAccount | undefined },
): Record<string, string> {
  return {
    PULLFRONT_STORE: 'aws',
    PULLFRONT_AWS_TABLE: table.tableName,
    PULLFRONT_AWS_BUCKET: bucket.bucketName,
    PULLFRONT_AWS_QUEUE: queue.queueUrl,
    PULLFRONT_AWS_DEAD_LETTER_QUEUE: deadLetters.queueUrl,
    PULLFRONT_AWS_DUAL_STACK: String(choices.dualStack),
    ...(choices.hub && {
      PULLFRONT_UPSTREAMS_DOCKER_IO_CREDENTIALS_USERNAME: choices.hub.username,
      PULLFRONT_UPSTREAMS_DOCKER_IO_CREDENTIALS_PASSWORD_SECRET: choices.hub.secret,
    }),
  };
}
