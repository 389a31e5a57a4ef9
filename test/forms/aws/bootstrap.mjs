// What Lambda runs a function with: it loads the bundle, and then takes one event after the other
// from the Runtime API ("Building a custom runtime"). It knows nothing of Pullfront.
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const { AWS_LAMBDA_RUNTIME_API: api, LAMBDA_TASK_ROOT: root = '.' } = process.env;
const agent = new Agent({ keepAlive: true });

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<{headers: import('node:http').IncomingHttpHeaders, text: string}>}
 */
function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const url = `http://${api}/2018-06-01/runtime/${path}`;
    const sent = request(url, { method, agent }, (response) => {
      /** @type {Buffer[]} */
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ headers: response.headers, text: Buffer.concat(chunks).toString() }),
      );
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : (JSON.stringify(body) ?? 'null'));
  });
}

/** @param {unknown} error */
const described = (error) => ({
  errorType: error instanceof Error ? error.name : 'Error',
  errorMessage: String(error),
});

let handler;
try {
  ({ handler } = await import(pathToFileURL(join(root, 'index.mjs')).href));
} catch (error) {
  console.error(error);
  await call('POST', 'init/error', described(error));
  process.exit(1);
}
for (;;) {
  const { headers, text } = await call('GET', 'invocation/next');
  const id = headers['lambda-runtime-aws-request-id'];
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  const context = { awsRequestId: id, getRemainingTimeInMillis: () => deadline - Date.now() };
  try {
    await call('POST', `invocation/${id}/response`, await handler(JSON.parse(text), context));
  } catch (error) {
    console.error(error);
    await call('POST', `invocation/${id}/error`, described(error));
  }
}
