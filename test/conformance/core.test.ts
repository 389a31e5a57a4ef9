import { createRegistry } from '../../functions/core/registry/create-registry.ts';
import { createApp } from '../../functions/core/service/app.ts';
import { anyClients } from '../unit/core/clients/any-clients.ts';
import { describeRegistry } from './every-section.ts';
import { scriptedMirror } from './scripted-mirror.ts';

describeRegistry('core', async (situation) => {
  const unexpected = console.error;
  const registry = createRegistry(scriptedMirror(situation), {
    clients: anyClients,
    defaultRegistry: 'docker.io',
    onError: unexpected,
  });
  const app = createApp({ registry, health: () => 'ok', unexpected });
  return { target: async (request) => app.fetch(request, { answered: () => undefined }) };
});
