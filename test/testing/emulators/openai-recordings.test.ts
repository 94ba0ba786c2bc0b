import { expect, it } from 'vitest';
import { chatRefusal } from '../../../src/testing/emulators/openai/chat-rules.ts';
import type { Flavour, Refusal } from '../../../src/testing/emulators/openai/errors.ts';
import { responsesRefusal } from '../../../src/testing/emulators/openai/responses-rules.ts';
import { describeRecordings, type Recording } from '../../support/recordings.ts';

function flavourOf(id: string): Flavour {
  if (id.startsWith('openai.')) return 'openai';
  return id.startsWith('compat-azure.') ? 'azure' : 'compatible';
}

/** What the real API accepted, the emulator must accept; of what it refused, what the request alone shows. */
function verdictOn({ request, id }: Recording): Refusal | undefined {
  const deployment = /deployments\/([^/]+)/.exec(request.path)?.[1];
  const flavour = flavourOf(id);
  if (request.path.includes('/responses')) return responsesRefusal(request.body, flavour);
  return chatRefusal(request.body, request.body.model ?? deployment ?? '', flavour);
}

/** Refusals that need more than the request: other models' lists, downloads, a window, a sampling model's logprobs. */
const outOfSight =
  /does not exist|invalid model ID|context window|Error while downloading|logprobs|'developer'/;

describeRecordings('recorded requests to OpenAI', 'openai.', (recordings) => {
  const known = recordings.filter(({ request }) => typeof request.body === 'object' && request.body !== null);

  it.each(known.filter(({ response }) => response.status === 200).map((one) => [one.id, one] as const))(
    '%s is accepted, as it was',
    (_id, recording) => {
      expect(verdictOn(recording)).toBeUndefined();
    },
  );

  const refused = known.filter(({ response }) => response.status === 400 && !outOfSight.test(response.body));
  it.each(refused.map((one) => [one.id, one] as const))('%s is refused, as it was', (_id, recording) => {
    expect(verdictOn(recording)).toBeDefined();
  });
});

describeRecordings('recorded requests to compatible endpoints', 'compat-', (recordings) => {
  const accepted = recordings.filter(({ request, response }) => request.body && response.status === 200);
  it.each(accepted.map((one) => [one.id, one] as const))('%s is accepted, as it was', (_id, recording) => {
    expect(verdictOn(recording)).toBeUndefined();
  });
});
