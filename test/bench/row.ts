import type { ContenderName } from './options.ts';

/** What a number should be: against the peer's in the same run, or by itself. */
export type Goal =
  | { readonly kind: 'ratio at least'; readonly value: number }
  | { readonly kind: 'ratio at most'; readonly value: number }
  | { readonly kind: 'at most'; readonly value: number };

/** The numbers of the contenders that were measured. */
export type Numbers = { readonly [name in ContenderName]?: number };

/** One measured thing. */
export interface Row {
  readonly measure: string;
  readonly unit: string;
  readonly numbers: Numbers;
  readonly goal?: Goal;
}

/** What a row says about its goal; an absent member could not be told. */
export interface Verdict {
  /** Pullfront's number divided by the peer's. */
  readonly ratio?: number;
  readonly goal?: string;
  readonly reached?: boolean;
}

/** Compares a row's numbers with each other and with its goal. */
export function verdictOf(row: Row): Verdict {
  const { peer, pullfront, edge } = row.numbers;
  const ratio =
    peer === undefined || pullfront === undefined || peer === 0 ? undefined : pullfront / peer;
  const compared = ratio === undefined ? {} : { ratio };
  const { goal } = row;
  if (goal === undefined) return compared;
  const text = textOf(goal, row.unit);
  const value = goal.kind === 'at most' ? (pullfront ?? edge) : ratio;
  if (value === undefined || Number.isNaN(value)) return { ...compared, goal: text };
  const reached = goal.kind === 'ratio at least' ? value >= goal.value : value <= goal.value;
  return { ...compared, goal: text, reached };
}

function textOf(goal: Goal, unit: string): string {
  switch (goal.kind) {
    case 'ratio at least':
      return `>= ${goal.value}x`;
    case 'ratio at most':
      return `<= ${goal.value}x`;
    case 'at most':
      return `<= ${goal.value}${unit === '' ? '' : ` ${unit}`}`;
  }
}
