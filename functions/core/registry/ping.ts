import { isRepositoryName } from '../oci/repository.ts';
import { type Answer, type Asked, jsonAnswer } from './answer.ts';
import { headersFor, unstored } from './answer-headers.ts';
import { chooseRegistry, looksLikeHost, type Registries } from './choose-repository.ts';
import { errorAnswer } from './error-answer.ts';
import { noRegistry } from './refusal.ts';

const subject = { kind: 'ping' } as const;

/** To nearly every ping: no registry is named. */
const pong: Answer = jsonAnswer(
  '{}',
  { ...headersFor({ ns: undefined }), 'cache-control': unstored },
  { ...subject, form: 'root', upstreamCalls: 0 },
);

/**
 * The answer that says "a registry is here" (distribution-spec §Determining support). It is 200 and
 * never a challenge: podman and crane drop a mirror after anything but 200 and 401. Only a prefix
 * that cannot work is refused, so that a wrong configuration shows at once.
 */
export function answerPing(registries: Registries, asked: Asked, prefix: string): Answer {
  if (prefix === '' && asked.ns === undefined) return pong;
  const choice = chooseRegistry(registries, asked.ns, prefix);
  if (choice.kind === 'refused')
    return errorAnswer({ ...asked, ns: undefined }, choice.refusal, subject);
  const { form, rest } = choice;
  const first = rest.split('/', 1)[0] ?? '';
  if (rest !== '' && (looksLikeHost(first) || !isRepositoryName(rest))) {
    return errorAnswer({ ...asked, form }, noRegistry(rest), subject);
  }
  const headers = { ...headersFor(asked), 'cache-control': unstored };
  return jsonAnswer('{}', headers, { ...subject, form, upstreamCalls: 0 });
}
