import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDaemon } from './daemon.ts';

/** CNCF distribution: a registry that somebody else wrote. */
export interface Distribution {
  readonly url: string;
  /** `HOST:PORT`. */
  readonly address: string;
  stop(): Promise<void>;
}

/** Starts Debian's docker-registry over an empty folder. */
export async function startDistribution(folder: string): Promise<Distribution> {
  mkdirSync(folder);
  const config = join(folder, 'config.yml');
  writeFileSync(
    config,
    [
      'version: 0.1',
      'log: {level: info, accesslog: {disabled: true}}',
      `storage: {filesystem: {rootdirectory: ${join(folder, 'data')}}}`,
      'http: {addr: 127.0.0.1:0}',
      '',
    ].join('\n'),
  );
  const { daemon, ready } = await startDaemon('docker-registry', ['serve', config], {
    ready: /listening on (127\.0\.0\.1:\d+)/,
  });
  const address = ready[1] ?? '';
  return { url: `http://${address}`, address, stop: () => daemon.stop() };
}
