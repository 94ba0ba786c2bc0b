import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { CompletionRequest, UserPart } from '../../src/core/request.ts';
import { demandOf } from '../../src/routing/demand.ts';

const messages = [{ role: 'user', content: 'Hello' }] as const;
const tools = [{ name: 'look', parameters: { type: 'object' } }];
const featuresOf = (request: Partial<CompletionRequest>) => demandOf({ messages, ...request }).features;

describe('what a request demands', () => {
  it('is nothing special where it is plain text', () => {
    expect(featuresOf({})).toEqual([]);
  });

  it('never includes a wish', () => {
    const wishes: Partial<CompletionRequest> = {
      temperature: 1,
      topP: 0.5,
      topK: 3,
      seed: 1,
      presencePenalty: 1,
      frequencyPenalty: 1,
      parallelToolCalls: false,
      reasoning: { effort: 'none' },
      toolChoice: 'auto',
      stop: [],
    };
    expect(featuresOf({ ...wishes, tools })).toEqual(['tools']);
  });

  it.each([
    ['tools', { tools }, ['tools']],
    ['a required tool', { tools, toolChoice: 'required' }, ['tools', 'toolChoice']],
    ['no tool', { tools, toolChoice: 'none' }, ['tools', 'toolChoice']],
    ['a tool choice without tools', { tools: [], toolChoice: 'none' }, []],
    ['a schema', { schema: {} }, ['schema']],
    ['reasoning by level', { reasoning: { effort: 'low' } }, ['reasoning']],
    ['reasoning by budget', { reasoning: { budgetTokens: 2000 } }, ['reasoning']],
    ['one stop sequence', { stop: 'END' }, ['stop']],
    ['several', { stop: ['END', 'STOP'] }, ['stop']],
  ] as const)('includes %s', (_, request, features) => {
    expect(featuresOf(request)).toEqual(features);
  });

  it('says which tool choice', () => {
    expect(demandOf({ messages, tools, toolChoice: { name: 'look' } }).toolChoice).toBe('named');
    expect(demandOf({ messages, tools, toolChoice: 'none' }).toolChoice).toBe('none');
    expect(demandOf({ messages, tools, toolChoice: 'auto' }).toolChoice).toBeUndefined();
  });

  it('finds images and files also inside tool results, and whether they come by URL', () => {
    const byData = { type: 'image', data: 'aGk=', mediaType: 'image/png' } as const;
    const inResult = demandOf({
      messages: [
        {
          role: 'tool',
          content: [
            { type: 'tool-result', toolCallId: '1', content: [byData, { type: 'file', url: 'https://x/y' }] },
          ],
        },
      ],
    });
    expect(inResult).toMatchObject({ features: ['images', 'files'], imageUrls: false, fileUrls: true });
    const byUrl = demandOf({
      messages: [{ role: 'user', content: [{ type: 'image', url: 'https://x/y' }] }],
    });
    expect(byUrl).toMatchObject({ features: ['images'], imageUrls: true, fileUrls: false });
  });

  it('takes a URL that is undefined for none', () => {
    const data = { data: 'aGk=', mediaType: 'image/png', url: undefined };
    const parts = [
      { type: 'image', ...data },
      { type: 'file', ...data },
    ] as unknown as UserPart[];
    const demand = demandOf({ messages: [{ role: 'user', content: parts }] });
    expect(demand).toMatchObject({ features: ['images', 'files'], imageUrls: false, fileUrls: false });
  });

  it('holds what router and model require beside what the request does, and nothing where nobody does', () => {
    expect(demandOf({ messages }).require).toEqual([]);
    const own = { messages, require: { region: 'eu' } };
    expect(demandOf(own, { require: [{ tags: ['cheap'] }] }).require).toEqual([
      { tags: ['cheap'] },
      { region: 'eu' },
    ]);
  });

  it('includes streaming only where the call insists on it', () => {
    expect(demandOf({ messages }, { transport: 'stream' }).features).toEqual(['stream']);
    expect(demandOf({ messages }, { transport: 'auto' }).features).toEqual([]);
  });
});

describe('the estimate of input tokens', () => {
  it('counts four characters to a token, in every place where text can stand', () => {
    const text = 'x'.repeat(400);
    expect(demandOf({ messages: [{ role: 'user', content: text }] }).inputTokens()).toBe(100);
    const everywhere = demandOf({
      system: text,
      messages: [
        { role: 'user', content: [{ type: 'text', text }] },
        {
          role: 'assistant',
          content: [{ type: 'tool-call', id: '1', name: '', arguments: 'y'.repeat(398) }],
        },
        { role: 'tool', content: [{ type: 'tool-result', toolCallId: '1', content: text }] },
      ],
    });
    expect(everywhere.inputTokens()).toBe(400);
  });

  it('counts tools and schemas by their JSON, also where only their library could write them out', () => {
    const described = [{ name: 'n', description: 'd'.repeat(397), parameters: {} }];
    expect(demandOf({ messages: [], tools: described }).inputTokens()).toBe(100);
    expect(demandOf({ messages: [], schema: z.object({ a: z.string() }) }).inputTokens()).toBe(100);
  });

  it('counts a tool that is not described, and a tool call without arguments', () => {
    const plain = [{ name: 'n'.repeat(398), parameters: {} }];
    expect(demandOf({ messages: [], tools: plain }).inputTokens()).toBe(100);
    const call = { type: 'tool-call', id: '1', name: 'four', arguments: undefined } as const;
    expect(demandOf({ messages: [{ role: 'assistant', content: [call] }] }).inputTokens()).toBe(1);
  });

  it('counts images and files flat, however large their data, and leaves earlier reasoning out', () => {
    const data = 'A'.repeat(1_000_000);
    const content = [
      { type: 'image', data, mediaType: 'image/png' },
      { type: 'file', data, mediaType: 'application/pdf' },
    ] as const;
    expect(demandOf({ messages: [{ role: 'user', content }] }).inputTokens()).toBe(1800);
    const reasoning = [{ type: 'reasoning', text: data }] as const;
    expect(demandOf({ messages: [{ role: 'assistant', content: reasoning }] }).inputTokens()).toBe(0);
  });

  it('survives arguments that cannot be written out', () => {
    const part = { type: 'tool-call', id: '1', name: 'four', arguments: { big: 1n } } as const;
    expect(demandOf({ messages: [{ role: 'assistant', content: [part] }] }).inputTokens()).toBe(1);
  });
});
