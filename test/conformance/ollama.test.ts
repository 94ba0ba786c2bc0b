import { Ollama } from 'ollama';
import { describe, it } from 'vitest';
import { ollama } from '../../src/providers/ollama/index.ts';
import { conformance, ollamaEmulator } from '../../src/testing/index.ts';

// The server has no policy on content.
const options = { emulator: ollamaEmulator, skip: ['content-policy'] };

describe('Ollama by settings', () => conformance.provider(it, ({ url }) => ollama({ host: url }), options));
describe('Ollama by a client of the host', () =>
  conformance.provider(it, ({ url }) => ollama({ client: new Ollama({ host: url }) }), options));
