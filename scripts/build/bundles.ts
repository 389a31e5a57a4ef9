import type { Bundle } from './bundle.ts';

/** Packages in CommonJS ask for Node's own modules by require, which a module does not have. */
const withRequire =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

const sdkUnused = './scripts/build/sdk-unused.ts';

/**
 * A function's credentials are in its environment: the SDK's chain of other providers is 140 kB and 20 ms
 * of a new instance. Event streams and endpoint discovery are another 23 kB. Of packages that are compiled
 * later, esbuild keeps everything: these files name what is used.
 */
const inFunctions = {
  '@aws-sdk/credential-provider-node': sdkUnused,
  '@aws-sdk/endpoint-cache': sdkUnused,
  '@smithy/core/event-streams': sdkUnused,
  '@aws-sdk/client-secrets-manager': './scripts/build/sdk-secrets-manager.mjs',
  '@aws-sdk/client-sqs': './scripts/build/sdk-sqs.mjs',
};

/** What `npm start` and the npm package run. */
export const serverBundles: readonly Bundle[] = [
  {
    // A Node that is too old has to parse it.
    entry: 'functions/cli/pullfront.ts',
    outfile: 'dist/pullfront.js',
    inputs: /^functions\/cli\//,
    budget: 2_000,
    external: ['./cli.js'],
    banner: '#!/usr/bin/env node',
    target: 'es2015',
  },
  {
    entry: 'functions/cli/cli.ts',
    outfile: 'dist/cli.js',
    // Commands start without the server, and a mirror on one machine without the SDK for AWS.
    split: true,
    inputs:
      /^(functions\/(core|memory|node|local|aws|cli)\/|node_modules\/(zod|jsonc-parser|fastest-levenshtein)\/)/,
    budget: 350_000,
    laterBudget: 900_000,
    external: [
      '@aws-sdk/*',
      '@hono/node-server',
      '@smithy/*',
      'commander',
      'hono',
      'ipaddr.js',
      'lmdb',
      'p-limit',
      'prom-client',
      'semver',
      'undici',
    ],
  },
];

/** What Lambda runs. */
export const functionBundles: readonly Bundle[] = [
  {
    entry: 'functions/aws/pull-function.ts',
    outfile: 'dist/aws/pull/index.mjs',
    inputs:
      /^(functions\/(core|aws|node\/(password|runtime|https-client|upstream))|scripts\/build\/sdk-[a-z-]+\.m?[jt]s$|node_modules\/(hono|ipaddr\.js|@aws-sdk|@aws-crypto|@smithy|@aws|tslib|bowser|fast-xml-parser|strnum)\/)/,
    budget: 500_000,
    laterBudget: 1_200_000,
    minify: true,
    alias: inFunctions,
    // What the first answer does not need is not compiled for it. Each is whole by itself: esbuild
    // would put what it shares with the rest into files of their own, and to find and read one takes
    // a new instance up to 2 ms. So a class of the one is not the same class in the other.
    later: [
      'functions/aws/dynamodb/audit-items.ts',
      'functions/aws/dynamodb/list-codec.ts',
      'functions/aws/dynamodb/tag-state-list.ts',
      'functions/aws/ecr/ecr-clients.ts',
      'functions/aws/s3/blob-put.ts',
      'functions/aws/s3/sdk.ts',
      'functions/aws/sdk/secrets-client.ts',
      'functions/aws/sqs/sqs-client.ts',
      'functions/core/mirror/tags/digest-policy.ts',
      'functions/core/upstream/hub-push-time.ts',
    ],
  },
  {
    entry: 'functions/aws/fill-function.ts',
    outfile: 'dist/aws/fill/index.mjs',
    inputs:
      /^(functions\/(core|aws|node\/(password|runtime|http-client|server-platform|upstream))|node_modules\/(hono|ipaddr\.js|undici|@aws-sdk|@aws-crypto|@smithy|@aws|tslib|fast-xml-parser|strnum|bowser)\/|scripts\/build\/sdk-[a-z-]+\.m?[jt]s$)/,
    budget: 1_600_000,
    minify: true,
    banner: withRequire,
    alias: inFunctions,
  },
];
