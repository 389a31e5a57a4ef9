import * as z from 'zod';
import { definition } from './definition.ts';
import type { Path } from './problems.ts';
import type { Scalar } from './scalar.ts';
import { scalarOf } from './values.ts';

/** In a key's path, the place of the upstream's name. */
export const anyUpstream = '*';

/** A key of the configuration file that holds a scalar or a list. */
export interface Key {
  readonly path: readonly string[];
  /** Undefined for a list, which no variable can set. */
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
  const inside = keys.filter((key) =>
    path.every((part, depth) => key.path[depth] === part || key.path[depth] === anyUpstream),
  );
  return [...new Set(inside.flatMap((key) => key.path[path.length] ?? []))];
}

/** `outer` holds what wrappers of the schema said: optional, a default, a description. */
function keysOf(schema: z.core.$ZodType, path: readonly string[], outer = noDetails): Key[] {
  const { description = outer.description } = z.globalRegistry.get(schema) ?? {};
  const details = { ...outer, description };
  const scalar = scalarOf(schema);
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (scalar !== undefined || def.type === 'array') return [{ path, scalar, ...details }];
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
    case 'record':
      return keysOf(def.valueType, [...path, anyUpstream]);
    // An alternative to an object, whose description names it.
    case 'literal':
      return [];
    case 'union': {
      const members = def.options.flatMap((one) => keysOf(one, path));
      return members.map((key) => ({ ...key, isRequired: false }));
    }
    default:
      throw new Error(`${path.join('.')}: use a scalar of values.ts`);
  }
}
