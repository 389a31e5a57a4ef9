/** How long an exchange waits for whom it asked first before it asks the others as well, in ms. */
export const askOthersAfter = 2_000;

/** What is known of a registry when something with a digest is to be fetched. */
export interface RegistryState {
  /** It refuses such requests because of a limit. */
  readonly isLimited: boolean;
  /** It failed a moment ago, or lost to an alternate. */
  readonly isResting: boolean;
  /** It owes an answer for longer than usual. */
  readonly isOverdue: boolean;
  /** How often the body of this blob broke off since its source was opened. */
  readonly breaks: number;
}

/** Whom to ask first, and after how many ms the others are asked as well; undefined: when it failed. */
export interface Plan {
  readonly first: 'registry' | 'alternates';
  readonly wait: number | undefined;
}

/** A body that breaks once is resumed at the registry. */
const mostBreaks = 1;

/** Decides whether the alternates are asked before the registry, beside it, or after it. */
export function planOf({ isLimited, isResting, isOverdue, breaks }: RegistryState): Plan {
  // Beside the alternates, a request would only prolong the limit.
  if (isLimited) return { first: 'alternates', wait: undefined };
  if (isResting || breaks > mostBreaks) return { first: 'alternates', wait: askOthersAfter };
  return { first: 'registry', wait: isOverdue ? 0 : askOthersAfter };
}
