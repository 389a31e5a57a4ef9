import { createRegistry } from '../../functions/core/registry/create-registry.ts';
import { fromRequest, toResponse } from '../../functions/core/service/web.ts';
import { describeRegistry } from './every-section.ts';
import { scriptedMirror } from './scripted-mirror.ts';

describeRegistry('core', async (situation) => {
  const registry = createRegistry(scriptedMirror(situation), {
    defaultRegistry: 'docker.io',
    onError: console.error,
  });
  return {
    target: async (request) => toResponse(await registry(fromRequest(request)), request.method),
  };
});
