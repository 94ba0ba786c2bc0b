import { GoogleGenerativeAI } from '@google/generative-ai';
import { describe, expect, it } from 'vitest';
import { google } from '../../../src/providers/google/index.ts';
import { conformance } from '../../../src/testing/conformance.ts';
import { geminiEmulator } from '../../../src/testing/emulators/gemini.ts';
import { hostClients, vertexAt } from './clients.ts';

/** What a package keeps to itself: the headers of an error, or why a connection failed. */
const hidden: Readonly<Record<string, readonly string[]>> = {
  '@google/genai 2': ['retry-after'],
  '@google/generative-ai': ['retry-after', 'refused'],
  '@google/generative-ai 0.24.0': ['retry-after', 'refused'],
};
const setUps = [...hostClients, ['Vertex', vertexAt] as const];

describe.each(['gemini-2.5-flash', 'gemini-3-flash-preview'])('%s', (model) => {
  describe.each(setUps)('through %s keeps the promises of a provider', (name, providerAt) => {
    const skip = hidden[name] ?? [];
    conformance.provider(it, ({ url }) => providerAt(url), { emulator: geminiEmulator, model, skip });
  });
});

it('takes a plain client of the older package as it is', () => {
  expect(google({ client: new GoogleGenerativeAI('key') }).problems).toEqual([]);
});
