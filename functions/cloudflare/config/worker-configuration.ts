import type { Config } from '../../core/config/resolve.ts';

/**
 * The part of the configuration that a Worker uses: checked and resolved by the build, because the
 * checker would be a third of the bundle.
 */
export interface WorkerConfiguration
  extends Pick<Config, 'cloudflare' | 'defaultUpstream' | 'upstreams' | 'limits'> {
  readonly log: Pick<Config['log'], 'level'>;
  /** Of Pullfront. */
  readonly version: string;
}
