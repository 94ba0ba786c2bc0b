import { describe, expect, it } from 'vitest';
import { scrub } from '../../src/core/scrub.ts';

const none = { keys: [], prompts: [] };

describe('scrub', () => {
  it.each([
    ['Incorrect API key provided: sk-proj-abcdef123456.', 'sk-proj-abcdef123456'],
    ['API key AIzaSyA1234567890abcdef not valid', 'AIzaSyA1234567890abcdef'],
    ['GET https://host/v1?key=abc123def456&alt=sse failed', 'abc123def456'],
    ['authorization: Bearer abc.def.ghi-123 was refused', 'abc.def.ghi-123'],
    ['token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx.abc expired', 'eyJhbGciOiJIUzI1NiJ9'],
  ])('takes keys out of %j by their form', (message, key) => {
    expect(scrub(message, none)).not.toContain(key);
    expect(scrub(message, none)).toContain('[redacted]');
  });

  it('takes out a known key whatever its form', () => {
    expect(scrub('no user for hunter2-plain', { keys: ['hunter2-plain'], prompts: [] })).toBe(
      'no user for [redacted]',
    );
  });

  it('takes out what a vendor quotes of the prompt, and keeps its own words', () => {
    const prompt = 'The patient in room 12 is called Ada.';
    const message = "Invalid content: 'patient in room 12 is called' is not allowed";
    expect(scrub(message, { keys: [], prompts: [prompt] })).toBe(
      "Invalid content: '[redacted]' is not allowed",
    );
  });

  it('leaves a message alone that shares only common short words with the prompt', () => {
    const message = 'This model does not support temperature.';
    expect(scrub(message, { keys: [], prompts: ['Is this model good? It does not say.'] })).toBe(message);
  });

  it('keeps a very long message short', () => {
    expect(scrub('x'.repeat(10_000), none).length).toBeLessThan(700);
  });
});
