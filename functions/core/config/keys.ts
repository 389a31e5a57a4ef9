import * as z from 'zod/mini';
import { definition } from './definition.ts';
import type { Scalar } from './scalar.ts';
import { scalarOf } from './values.ts';

/** Stands in a path for the name of an upstream. */
export const anyUpstream = '*';

/** A key of the configuration file that holds a scalar or a list. */
export interface Key {
  readonly path: readonly string[];
  /** Undefined for a list, which no variable stands for. */
  readonly scalar: Scalar | undefined;
  readonly description: string;
  /** As the file would have it; undefined when there is none. */
  readonly standard: unknown;
  /** Whether an object without it is a mistake. */
  readonly isRequired: boolean;
}

/** What stands around a schema on its way from its object. */
interface Around {
  readonly standard: unknown;
  readonly isRequired: boolean;
  readonly description: string;
}

const bare: Around = { standard: undefined, isRequired: true, description: '' };

/** Every key of the definition, in its order. */
export const keys: readonly Key[] = keysOf(definition, []);

function keysOf(schema: z.core.$ZodType, path: readonly string[], around = bare): Key[] {
  const { description = around.description } = z.globalRegistry.get(schema) ?? {};
  const here = { ...around, description };
  const scalar = scalarOf(schema);
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (def.type === 'optional') return keysOf(def.innerType, path, { ...here, isRequired: false });
  if (def.type === 'prefault') {
    const standard = def.defaultValue;
    return keysOf(def.innerType, path, { ...here, standard, isRequired: false });
  }
  if (scalar !== undefined || def.type === 'array') return [{ path, scalar, ...here }];
  if (def.type === 'object') {
    // `$schema` is for editors.
    const members = Object.entries(def.shape).filter(([key]) => key !== '$schema');
    return members.flatMap(([key, value]) => keysOf(value, [...path, key]));
  }
  if (def.type === 'record') return keysOf(def.valueType, [...path, anyUpstream]);
  if (def.type === 'union') {
    // Of a union's keys none has to be there.
    const members = def.options.flatMap((one) => keysOf(one, path));
    return members.map((key) => ({ ...key, isRequired: false }));
  }
  throw new Error(`${path.join('.')}: a scalar of the definition is made by values.ts`);
}
