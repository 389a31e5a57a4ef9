import { statfsSync } from 'node:fs';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { alsoOnServices, globsBelow, globsOf, type Project, projects } from './projects.ts';

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
      testTimeout: 20_000,
      hookTimeout: 20_000,
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

const config = defineConfig({
  test: {
    // For tools that read this file; the projects have globs of their own.
    include: ['test/**/*.test.ts'],
    projects: [
      // These tests leave nothing behind, so a process for each file would only cost its start.
      project('unit', { isolate: false }),
      project('store'),
      project('node'),
      project('aws'),
      project('edge'),
      ...onDemand,
    ],
  },
});

export default config;
