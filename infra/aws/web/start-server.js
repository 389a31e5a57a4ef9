// Lambda Web Functions run this file and wait for a server on the address that they name.
process.env.PULLFRONT_LISTEN ??= process.env.AWS_LAMBDA_HTTP_ENDPOINT ?? '0.0.0.0:3000';
process.argv.push('serve');
await import('./pullfront.mjs');
