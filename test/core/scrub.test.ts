import fc from 'fast-check';
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

  it('hides every character of a run of twelve that stands in a prompt, and no other', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', ' ', 'é'), maxLength: 60, size: 'max' });
    fc.assert(
      fc.property(letters, fc.array(letters, { maxLength: 3 }), (message, prompts) => {
        const isQuoted = (index: number) =>
          prompts.some((prompt) => {
            const length = Math.min(12, prompt.length);
            if (length < 6) return false;
            const from = Math.max(0, index - length + 1);
            return Array.from({ length }, (_, step) => message.slice(from + step, from + step + length)).some(
              (run, step) => run.length === length && from + step <= index && prompt.includes(run),
            );
          });
        const expected = [...message].map((letter, index) => (isQuoted(index) ? '#' : letter)).join('');
        expect(scrub(message, { keys: [], prompts })).toBe(expected.replace(/#+/g, '[redacted]'));
      }),
    );
  });

  it('finds a quotation at the end of a prompt of many megabytes', () => {
    const lorem = Array.from({ length: 500_000 }, (_, index) => `${index} lorem ipsum `).join('');
    const message = `The server had an error. ${'Sorry about that! '.repeat(20)}It was:the secret is out`;
    const clean = scrub(message, { keys: [], prompts: [`${lorem}and so the secret is out, they say`] });
    expect(clean).toBe(message.replace('the secret is out', '[redacted]'));
  });
});
