import { statfsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { alsoOnServices, globsBelow, globsOf, type Project, projects } from './projects.ts';
import { TestOrder } from './test-order.ts';

/** Three gigabytes: what all tests hold at once, with much to spare. */
const roomBytes = 3e9;

/**
 * Stores write to memory where there is room for them: an fsync on a disk costs more than all else
 * that a test of a store does. Containers often have 64 MB there.
 */
function scratch(): { TMPDIR?: string } {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    return bavail * bsize > roomBytes ? { TMPDIR: '/dev/shm' } : {};
  } catch {
    return {};
  }
}

function project(name: Project, settings: TestProjectInlineConfiguration['test'] = {}) {
  return {
    test: {
      name,
      root: new URL('..', import.meta.url).pathname,
      include: globsOf(projects[name]),
      exclude: globsBelow(name),
      env: scratch(),
      setupFiles: ['test/setup.ts'],
      // A test that passes needs seconds; a busy machine may need a hundred times as long. This only
      // ends tests that hang.
      testTimeout: 600_000,
      hookTimeout: 300_000,
      ...settings,
    },
  };
}

/** Daemons, real services and their clients share the machine, which has to be theirs. */
const slow = {
  env: {},
  fileParallelism: false,
  testTimeout: 120_000,
  hookTimeout: 120_000,
} as const;

/** What needs more than Node and npm runs only where it is named: `--project clients`. */
const onDemand = [
  project('clients', slow),
  project('services', {
    ...slow,
    include: globsOf([...projects.services, ...alsoOnServices]),
    globalSetup: ['test/services/start-services.ts'],
  }),
].filter(({ test: { name } }) =>
  process.argv.some((argument) => argument === name || argument === `--project=${name}`),
);

/** `npm run coverage`: what the unit tests run of the core. */
const coverage = {
  include: ['functions/core/**/*.ts'],
  // What is not counted, and why.
  exclude: [
    // A store over any bucket: the contracts in `store` and `edge` run it over S3 and over R2.
    'functions/core/bucket/**',
  ],
  thresholds: { statements: 96, branches: 92, functions: 95, lines: 98 },
};

const config = defineConfig({
  test: {
    coverage,
    // Most suites wait for servers, so more of them than there are cores can run at once.
    maxWorkers: Math.max(8, availableParallelism()),
    sequence: { sequencer: TestOrder },
    // For tools that read this file; the projects have globs of their own.
    include: ['test/**/*.test.ts'],
    projects: [
      // These tests leave nothing behind in their process, so one for each file would only cost its start.
      project('unit', { isolate: false }),
      project('store', { isolate: false }),
      project('node', { isolate: false }),
      project('aws', { isolate: false }),
      project('edge', { isolate: false }),
      ...onDemand,
    ],
  },
});

export default config;
