import { defineConfig } from 'vitest/config';

const config = defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: [
      'test/standins/s3/exchanges.test.ts',
      'test/contract/aws-dynamodb.test.ts',
      'test/contract/aws-s3.test.ts',
      'test/unit/aws/dynamodb/**/*.test.ts',
      // Against the strict server too, but it moves 4 GB.
      'test/aws-large-fill/large-fill.test.ts',
      'test/runtime/aws-many/**/*.test.ts',
    ],
    globalSetup: ['test/services/start-services.ts'],
    // The servers and their clients share the machine.
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});

export default config;
