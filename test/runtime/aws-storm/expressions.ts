import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Item } from '../../../functions/aws/dynamodb/item.ts';

/** An expression of DynamoDB over an item and the values of its placeholders. */
type Evaluate<Value> = (item: Item | undefined, values: Item) => Value;

type Operand = Evaluate<AttributeValue | undefined>;

type Changes = Record<string, AttributeValue | undefined>;

/** What a condition, a filter or a key condition says of an item. Attributes are written `#name`. */
export function condition(text: string): Evaluate<boolean> {
  return kept(conditions, text, () => new Reader(text).condition());
}

/** The attributes that a `SET` gives an item; undefined for those that a `REMOVE` takes from it. */
export function update(text: string): Evaluate<Changes> {
  return kept(updates, text, () => new Reader(text).update());
}

const conditions = new Map<string, Evaluate<boolean>>();
const updates = new Map<string, Evaluate<Changes>>();

function kept<Value>(cache: Map<string, Value>, text: string, make: () => Value): Value {
  const known = cache.get(text) ?? make();
  cache.set(text, known);
  return known;
}

class Reader {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = text.match(/[#:]?\w+|<=|>=|[=<>(),+]/g) ?? [];
  }

  condition(): Evaluate<boolean> {
    const parts = this.#separated('OR', () => {
      const all = this.#separated('AND', () => this.#term());
      return (item: Item | undefined, values: Item) => all.every((holds) => holds(item, values));
    });
    return (item, values) => parts.some((holds) => holds(item, values));
  }

  update(): Evaluate<Changes> {
    const change = () => {
      const name = this.#next().slice(1);
      this.#take('=');
      const terms = this.#separated('+', () => this.#operand());
      return { name, terms };
    };
    const changes = this.#accept('SET') ? this.#separated(',', change) : [];
    const removed = this.#accept('REMOVE') ? this.#separated(',', () => this.#next().slice(1)) : [];
    return (item, values) => {
      const changed = changes.map(({ name, terms }) => {
        const [first, ...more] = terms.map((term) => term(item, values));
        if (first === undefined) throw new Error(`#${name} has no value`);
        const sum = more.reduce((total, value) => total + numeric(value), numeric(first));
        return [name, more.length === 0 ? first : { N: String(sum) }] as const;
      });
      const dropped = removed.map((name) => [name, undefined] as const);
      return Object.fromEntries([...changed, ...dropped]);
    };
  }

  #term(): Evaluate<boolean> {
    if (this.#accept('(')) {
      const inner = this.condition();
      this.#take(')');
      return inner;
    }
    if (this.#accept('attribute_exists')) {
      const [of] = this.#arguments();
      return (item, values) => of?.(item, values) !== undefined;
    }
    if (this.#accept('attribute_not_exists')) {
      const [of] = this.#arguments();
      return (item, values) => of?.(item, values) === undefined;
    }
    if (this.#accept('begins_with')) {
      const [of, prefix] = this.#arguments();
      return (item, values) =>
        String(plain(of?.(item, values))).startsWith(String(plain(prefix?.(item, values))));
    }
    const left = this.#operand();
    const compare = comparisons.get(this.#next());
    const right = this.#operand();
    return (item, values) => {
      const [one, other] = [plain(left(item, values)), plain(right(item, values))];
      return one !== undefined && other !== undefined && compare?.(one, other) === true;
    };
  }

  #operand(): Operand {
    if (this.#accept('if_not_exists')) {
      const [of, otherwise] = this.#arguments();
      return (item, values) => of?.(item, values) ?? otherwise?.(item, values);
    }
    const token = this.#next();
    const name = token.slice(1);
    if (token.startsWith(':')) return (_, values) => values[token];
    return (item) => item?.[name];
  }

  #arguments(): Operand[] {
    this.#take('(');
    const found = this.#separated(',', () => this.#operand());
    this.#take(')');
    return found;
  }

  #separated<Part>(separator: string, read: () => Part): Part[] {
    const found = [read()];
    while (this.#accept(separator)) found.push(read());
    return found;
  }

  #accept(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at += 1;
    return true;
  }

  #take(token: string): void {
    if (!this.#accept(token)) throw new Error(`expected ${token} in ${this.#tokens.join(' ')}`);
  }

  #next(): string {
    this.#at += 1;
    return this.#tokens[this.#at - 1] ?? '';
  }
}

type Plain = string | number;

const comparisons = new Map<string, (one: Plain, other: Plain) => boolean>([
  ['=', (one, other) => one === other],
  ['<', (one, other) => one < other],
  ['<=', (one, other) => one <= other],
  ['>', (one, other) => one > other],
  ['>=', (one, other) => one >= other],
]);

function plain(value: AttributeValue | undefined): Plain | undefined {
  return value?.N === undefined ? value?.S : Number(value.N);
}

function numeric(value: AttributeValue | undefined): number {
  return Number(plain(value));
}
