import { GoogleGenAI } from '@google/genai';
import { describe, it } from 'vitest';
import { google } from '../../src/providers/google/index.ts';
import { geminiEmulator } from '../../src/testing/emulators/gemini.ts';
import { conformance } from '../../src/testing/index.ts';

const options = { emulator: geminiEmulator, model: 'gemini-2.5-flash' };

describe('Google by settings', () =>
  conformance.provider(it, ({ url }) => google({ apiKey: 'key-1', baseURL: url, sdk: 'genai' }), options));
describe('Google by a client of the host', () =>
  conformance.provider(
    it,
    ({ url }) => google({ client: new GoogleGenAI({ apiKey: 'key-1', httpOptions: { baseUrl: url } }) }),
    options,
  ));
describe('Google by the older SDK', () =>
  conformance.provider(
    it,
    ({ url }) => google({ apiKey: 'key-1', baseURL: url, sdk: 'generative-ai' }),
    // It loses headers of refusals, and the cause where nobody listens.
    { ...options, skip: ['retry-after', 'refused'] },
  ));
