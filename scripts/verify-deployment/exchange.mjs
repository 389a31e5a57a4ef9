import { createHash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

/**
 * What came back, exactly: nothing is followed, decompressed or repaired on the way.
 *
 * @typedef {object} Exchanged
 * @property {string} what `HEAD /v2/library/busybox/manifests/latest`
 * @property {number} status
 * @property {import('node:http').IncomingHttpHeaders} headers
 * @property {Buffer} body
 * @property {number} milliseconds until the headers were there
 */

/**
 * @typedef {object} Wanted
 * @property {string} [method] GET by default
 * @property {import('node:http').OutgoingHttpHeaders} [headers]
 */

const longestAnswer = 30_000;
const largestBody = 256 * 1024 * 1024;

/**
 * Sends one request.
 *
 * @param {URL} url
 * @param {Wanted} [wanted]
 * @returns {Promise<Exchanged>}
 */
export function exchange(url, { method = 'GET', headers = {} } = {}) {
  const started = performance.now();
  // A signed URL stays out of every message.
  const what = `${method} ${url.search === '' ? url.pathname : `${url.host}${url.pathname}?…`}`;
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = send(url, { method, headers, agent: false }, (response) => {
      const milliseconds = performance.now() - started;
      /** @type {Buffer[]} */
      const chunks = [];
      let size = 0;
      response.on('data', (/** @type {Buffer} */ chunk) => {
        size += chunk.byteLength;
        if (size > largestBody) request.destroy(new Error('the body is too large for this check'));
        else chunks.push(chunk);
      });
      response.on('end', () =>
        resolve({
          what,
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
          milliseconds,
        }),
      );
      response.on('error', failed);
    });
    /** @param {Error} error */
    function failed(error) {
      reject(new Error(`${what}: ${error.message}`));
    }
    request.on('error', failed);
    request.setTimeout(longestAnswer, () => request.destroy(new Error('no answer in 30 s')));
    request.end();
  });
}

/** @param {Buffer} bytes @param {string} digest as `sha256:…`; gives what the bytes really are */
export function digestLike(bytes, digest) {
  const algorithm = digest.split(':')[0] ?? 'sha256';
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}
