// What Warning headers, refusals and the log say.

import type { PolicyReason } from '../ports/policy-reason.ts';

/** Content that is served although its upstream does not confirm it; `age` in seconds. */
export function staleText(registry: string, age: number, reason: string): string {
  return `stale: last confirmed by ${registry} ${age} s ago (${reason})`;
}

/** A tag that its upstream never named, served as another registry has it. */
export function unseenText(registry: string, alternate: string, reason: string): string {
  return `not confirmed by ${registry}: the tag is from ${alternate} (${reason})`;
}

/** Content that its upstream no longer has; `since` in ms since 1970. */
export function keptText(registry: string, since: number): string {
  return `gone upstream: ${registry} has refused this since ${new Date(since).toISOString()}`;
}

/** A client is over its limit of pulls. */
export function pullLimitText(limit: number): string {
  return `more than ${limit} pulls a minute from your address`;
}

/** A client is over its limit of bytes. */
export function monthLimitText(bytes: number): string {
  return `more than ${bytes} bytes this month for your address`;
}

/** A blob is larger than its client may have; in bytes. */
export function sizeLimitText(size: number, limit: number): string {
  return `a blob of ${size} bytes, and at most ${limit} for your address`;
}

/** Words of the reasons that many answers share. */
const policyTexts = new WeakMap<
  PolicyReason,
  { readonly registry: string; readonly text: string }
>();

/** Why a tag is served as this digest, or refused. */
export function policyText(reason: PolicyReason, registry: string): string {
  const known = policyTexts.get(reason);
  if (known?.registry === registry) return known.text;
  const text = reasonText(reason, registry);
  policyTexts.set(reason, { registry, text });
  return text;
}

function reasonText(reason: PolicyReason, registry: string): string {
  switch (reason.kind) {
    case 'latest':
      return `as ${registry} has it`;
    case 'denied':
      return `denied by the rule ${reason.rule}`;
    case 'platform':
      return `${reason.platform} is denied by the rule ${reason.rule}`;
    case 'as-of':
      return `as of ${timeText(reason.moment)}`;
    case 'unknown-date':
      return reason.earliest === undefined
        ? 'the tag was never seen here'
        : `the tag was first seen on ${timeText(reason.earliest)}`;
    case 'rolled-back':
      return `rolled back ${orderText(reason)}`;
    case 'frozen':
      return `frozen ${orderText(reason)}`;
    case 'frozen-by-rule':
      return `frozen by the rule ${reason.rule}`;
    case 'cooling':
      return `held by the cooldown of ${reason.rule}: ${registry} now has ${reason.newest}, which will be served from ${timeText(reason.release)} unless it moves${stuckText(reason.stuckSince)}`;
    case 'none-mature':
      return `no digest has stood for the cooldown of ${reason.rule}: ${reason.newest} will have by ${timeText(reason.release)}`;
    case 'previous':
      return `the previous image: ${reason.newest} cannot be had now`;
    case 'bypassed':
      return `released early by ${reason.by}`;
  }
}

interface Order {
  readonly by: string;
  readonly why: string;
  readonly since: number;
  readonly until: number | undefined;
}

function orderText({ by, why, since, until }: Order): string {
  const end = until === undefined ? '' : ` until ${timeText(until)}`;
  return `by ${by} on ${timeText(since)}${end} (${why})`;
}

function stuckText(since: number | undefined): string {
  return since === undefined ? '' : `; moving sooner since ${timeText(since)}`;
}

function timeText(time: number): string {
  return new Date(time).toISOString();
}
