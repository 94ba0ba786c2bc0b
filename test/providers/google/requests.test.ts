import { describe, expect, it } from 'vitest';
import type { Message } from '../../../src/core/request.ts';
import type { ProviderRequest } from '../../../src/providers/provider.ts';
import { prepare, refusalOf } from '../../../src/providers/google/body.ts';
import { google } from '../../../src/providers/google/index.ts';
import { callOf, hostClients, streamed, vertexAt } from './clients.ts';
import { streaming, textEvent, wireServer } from './wire-server.ts';

const old = 'gemini-2.5-flash';
const newest = 'gemini-3-pro-preview';
const hi: Message = { role: 'user', content: 'Hi' };

function bodyOf(request: Partial<ProviderRequest>, model = old, route: 'gemini' | 'vertex' = 'gemini'): any {
  return prepare(model, route, { messages: [hi], ...request }).body;
}
const contentsOf = (messages: readonly Message[], model = old) => bodyOf({ messages }, model).contents;
const user = (...parts: object[]) => ({ role: 'user', parts });
const model = (...parts: object[]) => ({ role: 'model', parts });

const everything: ProviderRequest = {
  system: 'Be brief.',
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is this?' },
        { type: 'image', data: new Uint8Array([1, 2, 3]), mediaType: 'image/png' },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'text', text: 'Let me see.' },
        { type: 'tool-call', id: 'a', name: 'look', arguments: { at: 1 } },
      ],
    },
    { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'a', content: 'a cat' }] },
    { role: 'user', content: [{ type: 'file', data: 'AQID', mediaType: 'application/pdf', name: 'a.pdf' }] },
  ],
  tools: [
    {
      name: 'look',
      description: 'Looks.',
      parameters: {
        $schema: 'x',
        type: 'object',
        properties: { at: { type: ['number', 'null'], const: 1 } },
        additionalProperties: false,
      },
    },
  ],
  toolChoice: { name: 'look' },
  maxTokens: 100,
  temperature: 0.5,
  topP: 0.9,
  topK: 40,
  seed: 7,
  stop: ['END'],
  reasoning: { effort: 'low' },
  options: {
    safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }],
    tools: [{ googleSearch: {} }],
  },
};

describe('the body', () => {
  it('is the same through every package and on Vertex', async () => {
    await using server = await wireServer(streaming(textEvent('ok', 'STOP')));
    const call = callOf(everything);
    for (const [, providerAt] of hostClients)
      expect((await streamed(providerAt(server.url), call)).failure).toBeUndefined();
    await streamed(vertexAt(server.url), call);
    await streamed(google({ apiKey: 'k', baseURL: server.url, sdk: 'generative-ai' }), call);
    expect(server.requests).toHaveLength(hostClients.length + 2);
    for (const { body } of server.requests)
      expect(body).toEqual(JSON.parse(JSON.stringify(bodyOf(everything))));
  });

  it('holds all of a request in the vendor’s words', () => {
    expect(bodyOf(everything)).toEqual({
      systemInstruction: user({ text: 'Be brief.' }),
      contents: [
        user({ text: 'What is this?' }, { inlineData: { mimeType: 'image/png', data: 'AQID' } }),
        model({ text: 'Let me see.' }, { functionCall: { name: 'look', args: { at: 1 } } }),
        user({ functionResponse: { name: 'look', response: { output: 'a cat' } } }),
        user({ inlineData: { mimeType: 'application/pdf', data: 'AQID' } }),
      ],
      tools: [
        {
          functionDeclarations: [
            { name: 'look', description: 'Looks.', parametersJsonSchema: everything.tools![0]!.parameters },
          ],
        },
        { googleSearch: {} },
      ],
      toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['look'] } },
      generationConfig: {
        maxOutputTokens: 100,
        temperature: 0.5,
        topP: 0.9,
        topK: 40,
        seed: 7,
        stopSequences: ['END'],
        thinkingConfig: { thinkingBudget: 1024, includeThoughts: true },
      },
      safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }],
    });
  });

  it.each([
    ['auto', 'AUTO'],
    ['none', 'NONE'],
    ['required', 'ANY'],
  ] as const)('writes the tool choice %s as %s', (toolChoice, mode) => {
    const tools = [{ name: 'now', parameters: { type: 'object', properties: {} } }];
    expect(bodyOf({ tools, toolChoice }).toolConfig).toEqual({ functionCallingConfig: { mode } });
    expect(bodyOf({ tools }).tools[0].functionDeclarations).toEqual([{ name: 'now' }]);
  });

  it('asks for JSON, with the schema as it is', () => {
    const schema = { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: false };
    expect(bodyOf({ schema }).generationConfig).toMatchObject({
      responseMimeType: 'application/json',
      responseJsonSchema: schema,
    });
    expect(bodyOf({ schema: {} }).generationConfig).not.toHaveProperty('responseJsonSchema');
  });

  it.each([
    ['contents', { contents: [] }],
    ['model', { model: 'x' }],
    ['candidateCount', { generationConfig: { candidateCount: 2 } }],
  ])('refuses the option %s, which the engine owns', (key, options) => {
    expect(() => bodyOf({ options })).toThrow(key);
  });

  it('merges options last and deeply', () => {
    const options = { generationConfig: { thinkingConfig: { thinkingBudget: 5 }, mediaResolution: 'LOW' } };
    expect(bodyOf({ options, temperature: 1 }).generationConfig).toEqual({
      temperature: 1,
      mediaResolution: 'LOW',
      thinkingConfig: { thinkingBudget: 5, includeThoughts: true },
    });
  });
});

describe('the conversation', () => {
  it('begins and ends with the user, and never has two turns of one role', () => {
    const contents = contentsOf([
      { role: 'assistant', content: 'Welcome.' },
      { role: 'user', content: 'One' },
      { role: 'system', content: 'From now on in French.' },
      { role: 'user', content: 'Two' },
      { role: 'assistant', content: '' },
      { role: 'assistant', content: 'Un' },
      { role: 'assistant', content: 'Deux' },
    ]);
    expect(contents.map(({ role }: { role: string }) => role)).toEqual([
      'user',
      'model',
      'user',
      'model',
      'user',
    ]);
    expect(contents[2]).toEqual(user({ text: 'One' }, { text: 'From now on in French.' }, { text: 'Two' }));
    expect(contents[3]).toEqual(model({ text: 'Un' }, { text: 'Deux' }));
  });

  it('is never empty: a system instruction alone becomes the question', () => {
    expect(bodyOf({ system: 'Say hello.', messages: [] })).toMatchObject({
      contents: [user({ text: 'Say hello.' })],
    });
    expect(contentsOf([{ role: 'user', content: '' }])).toHaveLength(1);
  });

  it('gives Gemma 3 its instruction as the user’s', () => {
    const body = bodyOf({ system: 'Be brief.' }, 'gemma-3-27b-it');
    expect(body).toEqual({ contents: [user({ text: 'Be brief.' }, { text: 'Hi' })] });
  });

  it('answers every call once, in one turn, in the order of the calls', () => {
    const contents = contentsOf([
      hi,
      {
        role: 'assistant',
        content: [
          { type: 'tool-call', id: 'x', name: 'first', arguments: {} },
          { type: 'tool-call', id: 'y', name: 'second', arguments: {} },
          { type: 'tool-call', id: 'z', name: 'third', arguments: {} },
        ],
      },
      { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'y', content: 'no', isError: true }] },
      { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'x', content: 'yes' }] },
      { role: 'user', content: 'And?' },
    ]);
    expect(contents).toHaveLength(4);
    expect(contents[2].parts).toMatchObject([
      { functionResponse: { name: 'first', response: { output: 'yes' } } },
      { functionResponse: { name: 'second', response: { error: 'no' } } },
      { functionResponse: { name: 'third', response: { error: expect.any(String) } } },
    ]);
    expect(contents[3]).toEqual(user({ text: 'And?' }));
  });

  const shown: Message[] = [
    hi,
    { role: 'assistant', content: [{ type: 'tool-call', id: 'x', name: 'show', arguments: {} }] },
    {
      role: 'tool',
      content: [
        {
          type: 'tool-result',
          toolCallId: 'x',
          content: [
            { type: 'text', text: 'here' },
            { type: 'image', data: 'AQID', mediaType: 'image/png' },
          ],
        },
      ],
    },
  ];
  const image = { inlineData: { mimeType: 'image/png', data: 'AQID' } };

  it('puts images of a result inside it where the model takes them there, else after it', () => {
    const response = { name: 'show', response: { output: 'here' } };
    expect(contentsOf(shown, newest).slice(2)).toEqual([
      user({ functionResponse: { ...response, parts: [image] } }),
    ]);
    expect(contentsOf(shown).slice(2)).toEqual([user({ functionResponse: response }), user(image)]);
  });

  it('hands URLs on with the type that they speak of', () => {
    const parts = contentsOf([
      {
        role: 'user',
        content: [
          { type: 'image', url: 'https://example.com/a.PNG?x=1' },
          { type: 'file', url: 'gs://bucket/a', mediaType: 'application/pdf' },
          { type: 'image', url: 'data:image/gif;base64,AQID' },
        ],
      },
    ])[0].parts;
    expect(parts).toEqual([
      { fileData: { mimeType: 'image/png', fileUri: 'https://example.com/a.PNG?x=1' } },
      { fileData: { mimeType: 'application/pdf', fileUri: 'gs://bucket/a' } },
      { inlineData: { mimeType: 'image/gif', data: 'AQID' } },
    ]);
  });
});

describe('thought signatures', () => {
  const stateOf = (state: object) => ({ provider: 'google', state });
  const history = (state: object | undefined): Message[] => [
    hi,
    {
      role: 'assistant',
      content: [
        { type: 'reasoning', text: 'Hm.' },
        {
          type: 'tool-call',
          id: 'x',
          name: 'one',
          arguments: {},
          ...(state ? { providerState: stateOf(state) } : {}),
        },
        { type: 'tool-call', id: 'y', name: 'two', arguments: {} },
      ],
    },
    {
      role: 'tool',
      content: [
        { type: 'tool-result', toolCallId: 'x', content: '1' },
        { type: 'tool-result', toolCallId: 'y', content: '2' },
      ],
    },
  ];
  const own = { model: newest, route: 'gemini', signature: 'sig', callId: 'g1' };

  it('go back in the very part that they came in, with the call’s own id', () => {
    const [, turn, results] = contentsOf(history(own), newest);
    expect(turn).toEqual(
      model(
        { functionCall: { id: 'g1', name: 'one', args: {} }, thoughtSignature: 'sig' },
        { functionCall: { name: 'two', args: {} } },
      ),
    );
    expect(results.parts[0].functionResponse.id).toBe('g1');
    expect(results.parts[1].functionResponse).not.toHaveProperty('id');
  });

  it.each<[string, object | undefined]>([
    ['without any', undefined],
    ['of another model', { ...own, model: 'gemini-3-flash-preview' }],
    ['of another route', { ...own, route: 'vertex' }],
  ])('are stood in for on the first call of a turn %s', (_, state) => {
    const { parts } = contentsOf(history(state), newest)[1];
    expect(parts.map((part: any) => part.thoughtSignature)).toEqual([
      'skip_thought_signature_validator',
      undefined,
    ]);
  });

  it('are not stood in for where the model needs none', () => {
    expect(JSON.stringify(contentsOf(history(undefined)))).not.toContain('skip_thought');
  });

  it('of text and thoughts go back too; thoughts without one do not', () => {
    const contents = contentsOf(
      [
        hi,
        {
          role: 'assistant',
          content: [
            { type: 'reasoning', text: 'A', providerState: stateOf(own) },
            { type: 'reasoning', text: 'B' },
            { type: 'text', text: '', providerState: stateOf(own) },
          ],
        },
        hi,
      ],
      newest,
    );
    expect(contents[1]).toEqual(
      model({ text: 'A', thought: true, thoughtSignature: 'sig' }, { text: '', thoughtSignature: 'sig' }),
    );
  });
});

describe('reasoning', () => {
  const thinkingOf = (name: string, reasoning?: ProviderRequest['reasoning']) => {
    const { body, ignored } = prepare(name, 'gemini', {
      messages: [hi],
      ...(reasoning ? { reasoning } : {}),
    });
    const { includeThoughts: shown, ...rest } = (body as any).generationConfig?.thinkingConfig ?? {};
    return [rest.thinkingLevel ?? rest.thinkingBudget, Boolean(shown), ignored.includes('reasoning')];
  };

  it.each([
    ['gemini-2.5-flash', undefined, [undefined, true, false]],
    ['gemini-2.5-flash', { effort: 'none' }, [0, false, false]],
    ['gemini-2.5-flash', { effort: 'high' }, [24_576, true, false]],
    ['gemini-2.5-flash', { budgetTokens: 90_000 }, [24_576, true, false]],
    ['gemini-2.5-flash-lite', undefined, [undefined, false, false]],
    ['gemini-2.5-flash-lite', { budgetTokens: 3 }, [512, true, false]],
    ['gemini-2.5-pro', { effort: 'none' }, [128, true, true]],
    ['gemini-2.0-flash', { effort: 'none' }, [undefined, false, false]],
    ['gemini-3-pro-preview', { effort: 'medium' }, ['HIGH', true, false]],
    ['gemini-3.1-pro-preview', { effort: 'medium' }, ['MEDIUM', true, false]],
    ['gemini-3-flash-preview', { effort: 'none' }, ['MINIMAL', true, true]],
    ['gemini-3.8-flash', { effort: 'none' }, ['LOW', true, true]],
    ['gemini-3.10-flash', { effort: 'none' }, ['LOW', true, true]],
    ['gemini-flash-latest', { budgetTokens: 5_000 }, ['MEDIUM', true, false]],
    ['models/gemini-3-pro', undefined, [undefined, true, false]],
    ['tunedModels/mine', undefined, [undefined, false, false]],
  ] as const)('of %s with %o', (name, reasoning, expected) => {
    expect(thinkingOf(name, reasoning)).toEqual(expected);
  });
});

describe('what cannot be taken', () => {
  it('is left out and named, if it is a wish', () => {
    const request: ProviderRequest = {
      messages: [hi],
      presencePenalty: 0.1,
      frequencyPenalty: 0.1,
      temperature: 1,
      parallelToolCalls: false,
      tools: [{ name: 'a', parameters: {} }],
      refused: new Set(['temperature'] as const),
    };
    const { ignored, body } = prepare(old, 'gemini', request);
    expect([...ignored].sort()).toEqual([
      'frequencyPenalty',
      'parallelToolCalls',
      'presencePenalty',
      'temperature',
    ]);
    expect((body as any).generationConfig).toEqual({ thinkingConfig: { includeThoughts: true } });
    expect(prepare('gemini-2.0-flash', 'gemini', request).ignored).not.toContain('presencePenalty');
  });

  it('is told before anything else in the stream', async () => {
    await using server = await wireServer(streaming(textEvent('ok', 'STOP')));
    const { events } = await streamed(hostClients[0]![1](server.url), callOf({ presencePenalty: 1 }));
    expect(events[0]).toEqual({ type: 'meta', ignored: ['presencePenalty'] });
  });

  it('is a reason against the model, if it is a condition', () => {
    const tools = [{ name: 'a', parameters: {} }];
    expect(refusalOf(old, 'gemini', { messages: [hi], tools, schema: {} })).toMatch(
      /tools together with a schema/,
    );
    expect(refusalOf(newest, 'gemini', { messages: [hi], tools, schema: {} })).toBeUndefined();
    expect(refusalOf(newest, 'gemini', { messages: [hi], stop: [...'abcdef'] })).toMatch(/at most 5/);
    expect(refusalOf(newest, 'gemini', { messages: [hi], tools: [{ name: 'a b', parameters: {} }] })).toMatch(
      /"a b"/,
    );
  });

  it('is known by family', () => {
    const { supports } = google({ apiKey: 'k' });
    expect(supports!('gemini-2.5-flash')).toMatchObject({
      tools: true,
      reasoning: true,
      imageUrls: true,
      presencePenalty: false,
    });
    expect(supports!('gemini-2.0-flash')).toMatchObject({
      reasoning: false,
      imageUrls: false,
      presencePenalty: true,
    });
    expect(supports!('gemini-2.5-flash-image')).toMatchObject({
      tools: false,
      schema: false,
      reasoning: false,
    });
    expect(supports!('gemma-3-27b-it')).toMatchObject({ tools: false, schema: false, images: true });
    expect(supports!('tunedModels/mine').tools).toBeUndefined();
  });
});
