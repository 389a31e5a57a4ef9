import { defineConfig } from 'vitest/config';

const config = defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    exclude: [
      '**/node_modules/**',
      'test/clients/**',
      'test/bench/**',
      'test/aws-large-fill/large-fill.test.ts',
      'test/runtime/aws-many/**',
      // dynalite has no transactions.
      'test/standins/dynamodb/transactions.test.ts',
    ],
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
});

export default config;
