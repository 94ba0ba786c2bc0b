import test from 'node:test';
import { ollama } from '../../src/providers/ollama/index.ts';
import { conformance, ollamaEmulator } from '../../src/testing/index.ts';

// Run by test/testing/conformance.test.ts: the suite needs nothing of vitest.
const names = conformance.scenarios.map(({ name }) => name);
const skip = names.filter((name) => !['text', 'tool-calls', 'left', 'overloaded'].includes(name));
conformance.provider(test, ({ url }) => ollama({ host: url }), { emulator: ollamaEmulator, skip });
