import { Anthropic } from '@anthropic-ai/sdk';
import { describe, it } from 'vitest';
import { anthropic } from '../../src/providers/anthropic/index.ts';
import { anthropicEmulator } from '../../src/testing/emulators/anthropic.ts';
import { conformance } from '../../src/testing/index.ts';

const options = { emulator: anthropicEmulator, model: 'claude-sonnet-4-5' };

describe('Anthropic by settings', () =>
  conformance.provider(it, ({ url }) => anthropic({ apiKey: 'key-1', baseURL: url }), options));
describe('Anthropic by a client of the host', () =>
  conformance.provider(
    it,
    ({ url }) => anthropic({ client: new Anthropic({ apiKey: 'key-1', baseURL: url }) }),
    options,
  ));
