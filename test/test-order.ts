import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { type Project, projects } from './projects.ts';

/** Tests that wait for a minute or longer and cost little meanwhile. */
const patient = [
  'runtime/aws/fills',
  'governor/circuits-aws',
  'governor/circuits-edge',
  'governor/circuits',
  'faults/memory',
  'faults/edge/outages',
  'faults/local/outages',
].map((name) => `/test/${name}.test.ts`);

/**
 * What waits longest begins first, so that the end is not spent on waiting. After that the files of a
 * project follow one another: a worker is used again only for the same project.
 */
export class TestOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const order = Object.keys(projects) as Project[];
    const rank = ({ moduleId, project }: TestSpecification) => {
      const at = patient.findIndex((name) => moduleId.endsWith(name));
      return at >= 0 ? at - patient.length : order.length - order.indexOf(project.name as Project);
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
