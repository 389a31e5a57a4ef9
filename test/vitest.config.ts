import { defineConfig } from 'vitest/config';

const config = defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    exclude: [
      '**/node_modules/**',
      'test/clients/**',
      'test/bench/**',
      'test/aws/s3/large-fill.test.ts',
      'test/runtime/aws-many/**',
    ],
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
});

export default config;
