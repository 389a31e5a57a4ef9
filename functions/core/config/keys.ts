import * as z from 'zod';
import { definition } from './definition.ts';
import type { Path } from './problems.ts';
import type { Scalar } from './scalar.ts';
import { scalarOf } from './values.ts';

/** In a key's path, the place of a name: an upstream's, or that of a network. */
export const anyName = '*';

/** In a key's path, the place of an entry of a list of objects. */
export const anyEntry = '[]';

/** A key of the configuration file that holds a scalar or a list. */
export interface Key {
  readonly path: readonly string[];
  /** Undefined for what no variable can set: other lists, and what is in them. */
  readonly scalar: Scalar | undefined;
  readonly description: string;
  /** As written in a file; undefined if there is none. */
  readonly defaultValue: unknown;
  readonly isRequired: boolean;
}

type Details = Pick<Key, 'description' | 'defaultValue' | 'isRequired'>;

const noDetails: Details = { description: '', defaultValue: undefined, isRequired: true };

/** Every key of the definition, in its order. */
export const keys: readonly Key[] = keysOf(definition, []);

/** The names of the keys of the object at a path. */
export function keysAt(path: Path): string[] {
  const inside = keys.filter((key) => path.every((part, depth) => isAt(key.path[depth], part)));
  return [...new Set(inside.flatMap((key) => key.path[path.length] ?? []))];
}

/** Whether a part of a key's path stands for a part of a path in the file. */
function isAt(part: string | undefined, place: PropertyKey): boolean {
  if (part === anyEntry) return typeof place === 'number';
  return part === place || (part === anyName && typeof place === 'string');
}

/** `outer` holds what wrappers of the schema said: optional, a default, a description. */
function keysOf(schema: z.core.$ZodType, path: readonly string[], outer = noDetails): Key[] {
  const { description = outer.description } = z.globalRegistry.get(schema) ?? {};
  const details = { ...outer, description };
  const scalar = scalarOf(schema);
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (scalar !== undefined) return [{ path, scalar, ...details }];
  switch (def.type) {
    case 'optional':
      return keysOf(def.innerType, path, { ...details, isRequired: false });
    case 'prefault': {
      const { defaultValue, innerType } = def;
      return keysOf(innerType, path, { ...details, defaultValue, isRequired: false });
    }
    case 'object': {
      // `$schema` is for editors.
      const members = Object.entries(def.shape).filter(([key]) => key !== '$schema');
      return members.flatMap(([key, value]) => keysOf(value, [...path, key]));
    }
    case 'array': {
      const list = { path, scalar: undefined, ...details };
      return def.element._zod.def.type === 'object'
        ? [list, ...keysOf(def.element, [...path, anyEntry]).map(withoutVariable)]
        : [list];
    }
    case 'record': {
      const named = keysOf(def.valueType, [...path, anyName]);
      if (path[0] === 'upstreams') return named;
      // Variables can spell the names of upstreams only.
      return named.map((key) => ({
        ...withoutVariable(describedBy(key, details)),
        isRequired: false,
      }));
    }
    // An alternative to an object, whose description names it.
    case 'literal':
      return [];
    case 'union': {
      const members = def.options.flatMap((one) => keysOf(one, path));
      return members.map((key) => ({ ...describedBy(key, details), isRequired: false }));
    }
    default:
      throw new Error(`${path.join('.')}: use a scalar of values.ts`);
  }
}

function describedBy(key: Key, { description }: Details): Key {
  return key.description === '' ? { ...key, description } : key;
}

function withoutVariable(key: Key): Key {
  return { ...key, scalar: undefined };
}
