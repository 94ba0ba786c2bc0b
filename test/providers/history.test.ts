import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AssistantPart, Message, ToolResultPart } from 'failsoft';
import { missingResultText, repairHistory } from '../../src/providers/history.ts';

const rule = { accepts: /^[a-z0-9]{1,9}$/, make: (index: number) => `id${index}` };
const call = (id: string, name = 'weather'): AssistantPart => ({
  type: 'tool-call',
  id,
  name,
  arguments: {},
});
const result = (toolCallId: string, content = 'sunny'): ToolResultPart => ({
  type: 'tool-result',
  toolCallId,
  content,
});

describe('repairHistory', () => {
  it('leaves a history alone that is valid', () => {
    const messages: Message[] = [
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: [call('a')] },
      { role: 'tool', content: [{ ...result('a'), name: 'weather' }] },
      { role: 'assistant', content: 'Sunny.' },
    ];
    expect(repairHistory(messages, rule)).toEqual(messages);
  });

  it('puts the results of several messages into one, in the order of the calls, and adds what is missing', () => {
    const repaired = repairHistory(
      [
        { role: 'assistant', content: [call('a'), call('b'), call('c')] },
        { role: 'tool', content: [result('c', 'third')] },
        { role: 'tool', content: [result('a', 'first')] },
      ],
      rule,
    );
    expect(repaired[1]).toEqual({
      role: 'tool',
      content: [
        { ...result('a', 'first'), name: 'weather' },
        { type: 'tool-result', toolCallId: 'b', name: 'weather', content: missingResultText, isError: true },
        { ...result('c', 'third'), name: 'weather' },
      ],
    });
  });

  it('turns a result without its call into words of the user: nothing is lost', () => {
    const repaired = repairHistory(
      [
        { role: 'tool', content: [result('gone', 'rain')] },
        { role: 'assistant', content: [call('a')] },
        { role: 'tool', content: [result('a'), result('a', 'twice')] },
      ],
      rule,
    );
    expect(repaired.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'user']);
    expect(JSON.stringify(repaired[0])).toContain('rain');
    expect(JSON.stringify(repaired[3])).toContain('twice');
  });

  it('gives ids the vendor’s form, and never the same one twice', () => {
    const repaired = repairHistory(
      [
        { role: 'assistant', content: [call('call_1')] },
        { role: 'tool', content: [result('call_1')] },
        { role: 'assistant', content: [call('call_1')] },
        { role: 'tool', content: [result('call_1')] },
        { role: 'assistant', content: [call('id1')] },
        { role: 'tool', content: [result('id1')] },
      ],
      rule,
    );
    const ids = idsOf(repaired);
    expect(new Set(ids.calls).size).toBe(3);
    expect(ids.results).toEqual(ids.calls);
  });

  it('makes any history valid: each call is followed by exactly one result, in order, with unique and accepted ids', () => {
    const id = fc.constantFrom('a', 'b', 'call_1', 'x'.repeat(80));
    const message: fc.Arbitrary<Message> = fc.oneof(
      fc.constant<Message>({ role: 'user', content: 'Hello' }),
      fc.constant<Message>({ role: 'assistant', content: 'Hi' }),
      fc
        .array(id, { minLength: 1, maxLength: 3 })
        .map((ids): Message => ({ role: 'assistant', content: ids.map((one) => call(one)) })),
      fc.array(id, { maxLength: 3 }).map((ids): Message => ({
        role: 'tool',
        content: ids.map((one) => result(one, `result of ${one}`)),
      })),
    );
    fc.assert(
      fc.property(fc.array(message, { maxLength: 12, size: 'max' }), (messages) => {
        const repaired = repairHistory(messages, rule);
        const { calls, results } = idsOf(repaired);
        expect(results).toEqual(calls);
        expect(new Set(calls).size).toBe(calls.length);
        expect(calls.every((one) => rule.accepts.test(one))).toBe(true);
        repaired.forEach((one, index) => {
          const isCalling =
            typeof one.content !== 'string' && one.content.some(({ type }) => type === 'tool-call');
          expect(repaired[index + 1]?.role === 'tool').toBe(isCalling);
        });
        const given = JSON.stringify(messages).match(/result of/g)?.length ?? 0;
        expect(JSON.stringify(repaired).match(/result of/g)?.length ?? 0).toBe(given);
      }),
      { numRuns: 500 },
    );
  });
});

function idsOf(messages: readonly Message[]): { calls: string[]; results: string[] } {
  const parts = messages.flatMap(({ content }) => (typeof content === 'string' ? [] : [...content]));
  return {
    calls: parts.flatMap((part) => (part.type === 'tool-call' ? [part.id] : [])),
    results: parts.flatMap((part) => (part.type === 'tool-result' ? [part.toolCallId] : [])),
  };
}
