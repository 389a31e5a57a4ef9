import * as z from 'zod/mini';
import { definition } from './definition.ts';

/** The JSON Schema (2020-12) of the configuration file, for editors. */
export function configJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(definition, { io: 'input' });
  return { $schema, title: 'Pullfront', description: 'The configuration of Pullfront.', ...schema };
}
