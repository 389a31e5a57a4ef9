import { distance } from 'fastest-levenshtein';

/** The candidate that a misspelled word most likely means; undefined if none is close. */
export function suggestion(word: string, candidates: readonly string[]): string | undefined {
  const lower = word.toLowerCase();
  const ranked = candidates
    .map((candidate) => ({ candidate, edits: distance(lower, candidate.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits);
  const [best] = ranked;
  const most = Math.min(3, Math.ceil(word.length / 3));
  return best !== undefined && best.edits <= most ? best.candidate : undefined;
}
