/** The columns of the counters, in the order of their values in `addToCounters`. */
export const counterNames = [
  'pullsServed',
  'pullsAvoided',
  'pullsMade',
  'bytesServed',
  'bytesFetched',
] as const;
