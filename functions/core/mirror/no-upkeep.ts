import type { UpkeepOf } from './upkeep.ts';

/** For an instance that only serves pulls: the code of the upkeep would be in its bundle for nothing. */
export const noUpkeep: UpkeepOf = () => ({
  handleFill: refuse,
  handleFills: refuse,
  refresh: refuse,
  evict: refuse,
  confirmPins: refuse,
  planEviction: refuse,
  tags: {
    freeze: refuse,
    thaw: refuse,
    rollBack: refuse,
    bypass: refuse,
    pin: refuse,
    unpin: refuse,
    history: refuse,
    stuck: refuse,
  },
});

function refuse(): never {
  throw new Error('this instance only serves pulls');
}
