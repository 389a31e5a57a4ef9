import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { filesBelow, root } from '../architecture/modules.ts';

/** What a run without arguments mutates: folders of `functions/`, each with a score of its own. */
export const areas: readonly string[] = [
  'core/bucket',
  'core/bytes',
  'core/clients',
  'core/concurrency',
  'core/config',
  'core/headers',
  'core/mirror',
  'core/observe',
  'core/oci',
  'core/ports',
  'core/registry',
  'core/service',
  'core/signing',
  'core/sources',
  'core/upstream',
  'aws/dynamodb',
  'aws/s3',
  'aws/sqs',
  'cloudflare/d1',
  'cloudflare/queues',
  'cloudflare/r2',
  'local',
  'memory',
  'node',
];

/** Part of the product: a folder or a file of `functions/`, or one line of a file. */
export interface Area {
  readonly name: string;
  /** Paths from the root of the project. */
  readonly files: readonly string[];
  readonly line: number | undefined;
}

/** The area that an argument names (`core/mirror`, `node/server.ts`, `node/server.ts:134`); undefined if it names none. */
export function areaOf(name: string): Area | undefined {
  const [, path = '', line] = /^(?:functions\/)?(.+?)(?::(\d+))?$/.exec(name) ?? [];
  const below = `functions/${path.replace(/\/$/, '')}`;
  if (!existsSync(join(root, below))) return undefined;
  const files = statSync(join(root, below)).isDirectory() ? filesBelow(below) : [below];
  return { name, files, line: line === undefined ? undefined : Number(line) };
}
