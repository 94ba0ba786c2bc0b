import { OpenAI } from 'openai';
import { describe, it } from 'vitest';
import { openai } from '../../src/providers/openai/index.ts';
import { openaiEmulator } from '../../src/testing/emulators/openai.ts';
import { conformance } from '../../src/testing/index.ts';

describe.each(['chat', 'responses'] as const)('OpenAI by %s', (api) => {
  const options = { emulator: openaiEmulator, model: 'gpt-4.1' };
  describe('by settings', () =>
    conformance.provider(it, ({ url }) => openai({ apiKey: 'key-1', baseURL: `${url}/v1`, api }), options));
  describe('by a client of the host', () =>
    conformance.provider(
      it,
      ({ url }) => openai({ client: new OpenAI({ apiKey: 'key-1', baseURL: `${url}/v1` }), api }),
      options,
    ));
});
