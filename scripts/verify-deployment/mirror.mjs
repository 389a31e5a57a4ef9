import { gunzipSync } from 'node:zlib';
import { digestLike, exchange } from './exchange.mjs';

/** @typedef {import('./exchange.mjs').Exchanged} Exchanged */
/** @typedef {import('./exchange.mjs').Wanted} Wanted */

/**
 * @typedef {object} Descriptor
 * @property {string} mediaType
 * @property {string} digest
 * @property {number} size
 * @property {{ os: string, architecture: string }} [platform]
 */

/**
 * The image that is pulled for the checks.
 *
 * @typedef {object} Image
 * @property {Descriptor} manifest of one platform
 * @property {Descriptor} smallest of its blobs
 * @property {Descriptor} largest of its blobs
 */

const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];

/** As dockerd and podman send it: several lines, and a body may be compressed. */
export const asClientsSend = { accept: manifestTypes, 'accept-encoding': 'gzip' };

/** Fails a check, with a reason. @param {unknown} holds @param {string} reason */
export function expect(holds, reason) {
  if (!holds) throw new Error(reason);
}

/** A deployed mirror and one of its images. */
export class Mirror {
  /** Every answer so far. @type {Exchanged[]} */
  answers = [];

  /** @param {URL} url @param {string} repository @param {string} tag */
  constructor(url, repository, tag) {
    this.url = url;
    this.repository = repository;
    this.tag = tag;
  }

  /** @param {string} path @param {Wanted} [wanted] */
  async ask(path, wanted) {
    const answer = await exchange(new URL(path, this.url), wanted);
    this.answers.push(answer);
    return answer;
  }

  /** @param {string} reference @param {string} [method] */
  manifest(reference, method = 'GET') {
    const path = `/v2/${this.repository}/manifests/${reference}`;
    return this.ask(path, { method, headers: asClientsSend });
  }

  /** @param {string} digest @param {Wanted} [wanted] */
  blob(digest, wanted) {
    return this.ask(`/v2/${this.repository}/blobs/${digest}`, wanted);
  }

  /** A blob by way of its redirect, if there is one. @param {string} digest @param {Wanted} [wanted] */
  async followed(digest, wanted) {
    const answer = await this.blob(digest, wanted);
    const target = redirectOf(answer);
    return target === undefined ? answer : exchange(new URL(target, this.url), wanted);
  }

  /** The image behind the tag; an index gives way to one of its manifests. @returns {Promise<Image>} */
  async image() {
    const top = await this.manifest(this.tag);
    expect(top.status === 200, `${top.what} answered ${top.status}`);
    /** @type {{ manifests?: Descriptor[] }} */
    const index = jsonOf(top);
    const chosen =
      index.manifests?.find((one) => one.platform?.os === 'linux') ?? index.manifests?.[0];
    const digest = chosen?.digest ?? String(top.headers['docker-content-digest']);
    const answer = chosen === undefined ? top : await this.manifest(digest);
    expect(answer.status === 200, `${answer.what} answered ${answer.status}`);
    /** @type {{ config: Descriptor, layers: Descriptor[] }} */
    const { config, layers } = jsonOf(answer);
    const blobs = [config, ...layers].sort((one, other) => one.size - other.size);
    const [smallest] = blobs;
    const largest = blobs.at(-1);
    if (smallest === undefined || largest === undefined) throw new Error('the image has no blobs');
    const mediaType = String(answer.headers['content-type']);
    return { manifest: { mediaType, digest, size: answer.body.byteLength }, smallest, largest };
  }
}

/**
 * A body as JSON, even where it was compressed on the way: that is for a check to say.
 *
 * @param {Exchanged} answer
 */
function jsonOf({ headers, body }) {
  const bytes = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
  return JSON.parse(bytes.toString('utf8'));
}

/** Where an answer redirects to. @param {Exchanged} answer */
export function redirectOf({ status, headers }) {
  return [301, 302, 303, 307, 308].includes(status) ? headers.location : undefined;
}

/** The bytes are those of the digest. @param {Exchanged} answer @param {string} digest */
export function expectBytes({ what, body }, digest) {
  const found = digestLike(body, digest);
  expect(
    found === digest,
    `${what} gave ${body.byteLength} bytes that are ${found}, not ${digest}`,
  );
}

/** @param {Exchanged} answer @param {number} length */
export function expectLength({ what, headers }, length) {
  const found = headers['content-length'];
  expect(
    found === String(length),
    `${what} has content-length ${found ?? 'nothing'}, expected ${length}`,
  );
}
