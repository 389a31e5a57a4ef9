/** A clock that never goes back: what passed before `now` was set back still counts. In ms. */
export function steadyClock(now: () => number): () => number {
  let last = now();
  let lost = 0;
  return () => {
    const time = now();
    if (time < last) lost += last - time;
    last = time;
    return time + lost;
  };
}
