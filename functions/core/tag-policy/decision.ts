import type { Digest } from '../oci/digest.ts';
import type { TagRecord } from '../ports/manifest-store.ts';
import type { PolicyReason } from '../ports/policy-reason.ts';
import type { TagState } from '../ports/tag-states.ts';
import { digestAt } from './as-of.ts';
import { type Cooled, cooled, isCurrent } from './cooldown.ts';
import { historyOf } from './history.ts';
import type { TagRule, TagRules } from './tag-rule.ts';

/** What a client gets for a tag. */
export type TagDecision =
  | {
      readonly kind: 'serve';
      /** undefined: what the tag names, which is not known yet. */
      readonly digest: Digest | undefined;
      readonly reason: PolicyReason;
      /** What a client gets if this digest cannot be had: an error, or what the tag names now. */
      readonly otherwise: 'fail' | 'latest' | 'hold';
      /** What a rule that only observes would have done. */
      readonly observed: PolicyReason | undefined;
    }
  /** Nothing until a digest is old enough: the client is sent to the registry as the status policy says. */
  | { readonly kind: 'hold'; readonly reason: PolicyReason }
  | { readonly kind: 'refuse'; readonly reason: PolicyReason };

type Serve = Extract<TagDecision, { kind: 'serve' }>;

/** When the policy is applied, and for which moment of the tag's history. In ms since 1970. */
export interface PolicyMoment {
  readonly now: number;
  /** The end of the day or minute that an as-of tag names. */
  readonly asOf?: number | undefined;
}

/**
 * Decides which digest a tag is served as. The first that applies: denied, as of a date, rolled back,
 * frozen, cooling, latest. `record` is what the tag names by the last check.
 */
export function tagPolicy(
  record: TagRecord | undefined,
  state: TagState,
  rules: TagRules,
  { now, asOf }: PolicyMoment,
): TagDecision {
  const { access, freeze, cooldown } = rules;
  const denied: PolicyReason | undefined =
    access?.access === 'deny' ? { kind: 'denied', rule: access.match.text } : undefined;
  if (denied !== undefined && access?.mode === 'enforce') return { kind: 'refuse', reason: denied };
  const decision =
    dated(record, state, asOf) ??
    ordered(state, now) ??
    frozenByRule(state, freeze) ??
    (cooldown && cooling(record, state, cooldown, now)) ??
    latest(record);
  if (denied === undefined || decision.kind !== 'serve') return decision;
  return { ...decision, observed: denied };
}

function latest(record: TagRecord | undefined): Serve {
  return serve(record?.digest, { kind: 'latest' }, 'fail');
}

function serve(
  digest: Digest | undefined,
  reason: PolicyReason,
  otherwise: Serve['otherwise'],
): Serve {
  return { kind: 'serve', digest, reason, otherwise, observed: undefined };
}

function dated(
  record: TagRecord | undefined,
  state: TagState,
  moment: number | undefined,
): TagDecision | undefined {
  if (moment === undefined) return undefined;
  const { digest, earliest } = digestAt(historyOf(record, state), moment);
  if (digest === undefined) return { kind: 'refuse', reason: { kind: 'unknown-date', earliest } };
  return serve(digest, { kind: 'as-of', moment }, 'fail');
}

/** What a person decided. */
function ordered({ rolledBack, frozen }: TagState, now: number): TagDecision | undefined {
  for (const [kind, order] of [
    ['rolled-back', rolledBack],
    ['frozen', frozen],
  ] as const) {
    if (order === undefined || !isCurrent(order, now)) continue;
    const { digest, by, why, since, until } = order;
    return serve(digest, { kind, digest, by, why, since, until }, 'fail');
  }
  return undefined;
}

/** With `"freeze": true`, the first digest is stored before the tag is frozen. */
function frozenByRule(
  { ruleFreeze }: TagState,
  freeze: TagRule | undefined,
): TagDecision | undefined {
  if (freeze === undefined) return undefined;
  const rule = freeze.match.text;
  const first = ruleFreeze?.rule === rule ? ruleFreeze.digest : undefined;
  const digest = freeze.freeze === true ? first : freeze.freeze;
  return digest && serve(digest, { kind: 'frozen-by-rule', digest, rule }, 'fail');
}

function cooling(
  record: TagRecord | undefined,
  state: TagState,
  { match, mode, cooldown }: TagRule,
  now: number,
): TagDecision | undefined {
  if (cooldown === undefined || cooldown.age === 0 || record === undefined) return undefined;
  const chosen = cooled(historyOf(record, state), state, cooldown, now);
  const { digest, held, bypassedBy } = chosen;
  if (held === undefined) {
    if (bypassedBy === undefined || digest === undefined) return undefined;
    return serve(digest, { kind: 'bypassed', digest, by: bypassedBy }, 'fail');
  }
  const reason = heldReason(match.text, chosen, held);
  if (mode === 'observe') return { ...latest(record), observed: reason };
  const otherwise = cooldown.first === 'allow' ? 'latest' : 'hold';
  if (digest !== undefined) return serve(digest, reason, otherwise);
  return cooldown.first === 'allow' ? serve(held.digest, reason, 'fail') : { kind: 'hold', reason };
}

function heldReason(
  rule: string,
  { digest }: Cooled,
  { digest: newest, release, stuckSince }: NonNullable<Cooled['held']>,
): PolicyReason {
  if (digest === undefined) return { kind: 'none-mature', rule, newest, release };
  return { kind: 'cooling', rule, newest, release, stuckSince };
}
