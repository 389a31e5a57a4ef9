import { distance } from 'fastest-levenshtein';

/** The candidate that differs from a word by a typing mistake or two; undefined without one. */
export function suggestion(word: string, candidates: readonly string[]): string | undefined {
  const lower = word.toLowerCase();
  const ranked = candidates
    .map((candidate) => ({ candidate, letters: distance(lower, candidate.toLowerCase()) }))
    .sort((a, b) => a.letters - b.letters);
  const [best] = ranked;
  const bearable = Math.min(3, Math.ceil(word.length / 3));
  return best !== undefined && best.letters <= bearable ? best.candidate : undefined;
}
