import { describe, expect, it } from 'vitest';
import { createRouter, type CallOptions, type CompletionRequest, type RouterError } from 'failsoft';
import { scriptedProvider } from 'failsoft/testing';

const user = { role: 'user', content: 'Hello' } as const;

function setUp() {
  const provider = scriptedProvider('hello');
  const router = createRouter({ models: { chat: [{ id: 'one', provider, model: 'a' }] } });
  const faultsOf = async (request: unknown, options?: unknown): Promise<Record<string, string>> => {
    const error = (await router.complete(request as CompletionRequest<'chat'>, options as CallOptions).then(
      () => undefined,
      (reason: unknown) => reason,
    )) as RouterError | undefined;
    expect(error?.code).toBe('bad-request');
    expect(provider.calls).toHaveLength(0);
    return Object.fromEntries((error as RouterError).problems.map(({ path, message }) => [path, message]));
  };
  return { provider, router, faultsOf };
}

describe('a request that is not well formed', () => {
  it('is told where a call option belongs', async () => {
    const { faultsOf } = setUp();
    expect(await faultsOf({ messages: [user], signal: AbortSignal.timeout(5) })).toEqual({
      signal: 'is a call option: it stands in the second argument',
    });
  });

  it('ends with every fault listed, and no target asked', async () => {
    const { faultsOf } = setUp();
    const faults = await faultsOf({
      model: 'chat',
      messages: [
        { role: 'robot', content: 'x' },
        {
          role: 'user',
          content: [{ type: 'tool-call' }, { type: 'image', data: '/etc/passwd', mediaType: 'image/png' }],
        },
        { role: 'tool', content: 'sunny' },
        { role: 'assistant', content: [{ type: 'tool-call', id: 'c1' }] },
        { role: 'user', content: [{ type: 'image', url: './cat.png' }] },
      ],
      temprature: 1,
      maxTokens: 0,
      stop: [''],
      tools: [{ name: 'bad name', parameters: 'x' }],
      toolChoice: { name: 'absent' },
      reasoning: { effort: 'huge', budgetTokens: 5 },
      schema: 'person',
      require: { tags: 'eu' },
      providerOptions: { openai: true },
    });
    expect(Object.keys(faults).sort()).toEqual([
      'maxTokens',
      'messages[0].role',
      'messages[1].content[0].type',
      'messages[1].content[1].data',
      'messages[2].content',
      'messages[3].content[0].arguments',
      'messages[3].content[0].name',
      'messages[4].content[0].url',
      'providerOptions.openai',
      'reasoning',
      'reasoning.effort',
      'require.tags',
      'schema',
      'stop',
      'temprature',
      'toolChoice',
      'toolChoice.name',
      'tools[0].name',
      'tools[0].parameters',
    ]);
    expect(faults['temprature']).toContain("did you mean 'temperature'");
    expect(faults['messages[1].content[1].data']).toContain('never a path');
  });

  it('names the nearest model where there is none of that name', async () => {
    const { faultsOf } = setUp();
    expect((await faultsOf({ model: 'chta', messages: [user] }))['model']).toContain("did you mean 'chat'?");
  });

  it('asks for a model where several could be meant', async () => {
    const provider = scriptedProvider('hello');
    const targets = [{ provider, model: 'a' }];
    const router = createRouter({ models: { one: targets, two: targets } });
    await expect(router.complete({ messages: [user] })).rejects.toMatchObject({
      code: 'bad-request',
      problems: [{ path: 'model', message: expect.stringContaining('defaultModel') as string }],
    });
  });

  it.each([
    [undefined, 'request'],
    [{ messages: [] }, 'messages'],
    [{ messages: [{ role: 'system', content: 'Be kind.' }] }, 'messages'],
    [{ messages: [user], conversationId: 'c' }, 'conversationId'],
    [{ messages: [user], cache: false }, 'cache'],
    [{ messages: [user], toolChoice: 'required' }, 'toolChoice'],
    [{ messages: [user], schema: { $ref: '#/nowhere' } }, 'schema'],
    [{ messages: [user], timeouts: { totalMs: 5 } }, 'timeouts'],
  ])('of %j is at fault at %s', async (request, path) => {
    const { faultsOf } = setUp();
    expect(Object.keys(await faultsOf(request))).toContain(path);
  });

  it.each([
    [{ timeout: 5 }, 'options.timeout'],
    [{ targets: ['two'] }, 'options.targets'],
    [{ signal: 'stop' }, 'options.signal'],
    [{ hedge: 1 }, 'options.hedge'],
    [{ hedge: { percentile: 95 } }, 'options.hedge.percentile'],
    [{ hedge: { afterMs: 0 } }, 'options.hedge.afterMs'],
    [{ hedge: { maxShare: 0 } }, 'options.hedge.maxShare'],
    [{ maxAttempts: 0 }, 'options.maxAttempts'],
    [{ headers: { 'x-trace': 1 } }, 'options.headers.x-trace'],
    [{ stream: { recovery: 'contine' } }, 'options.stream.recovery'],
    [{ stream: { holdMs: -1 } }, 'options.stream.holdMs'],
  ])('or whose options are %j is at fault at %s', async (options, path) => {
    const { faultsOf } = setUp();
    expect(Object.keys(await faultsOf({ messages: [user] }, options))).toContain(path);
  });

  it('rejects a stream by its iterator and its completion, and is never thrown by stream()', async () => {
    const { router } = setUp();
    const stream = router.stream({ messages: [] });
    await expect(stream.completion).rejects.toMatchObject({ code: 'bad-request' });
    await expect(stream[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'bad-request' });
  });

  it('is needed a scope where the router asks for one', async () => {
    const provider = scriptedProvider('hello');
    const router = createRouter({ models: { chat: [{ provider, model: 'a' }] }, requireScope: true });
    await expect(router.complete({ messages: [user] })).rejects.toMatchObject({
      problems: [{ path: 'scope' }],
    });
    await expect(router.complete({ messages: [user], scope: 'tenant-1' })).resolves.toMatchObject({
      text: 'hello',
    });
  });
});

describe('what a provider is given', () => {
  it('is the request with leading system messages joined, and its own view of tools and schema', async () => {
    const { provider, router } = setUp();
    provider.script('{"ok":true}');
    await router.complete({
      system: 'One.',
      messages: [{ role: 'system', content: 'Two.' }, user, { role: 'system', content: 'Later.' }],
      tools: [{ name: 'weather', parameters: { type: 'object' } }],
      schema: { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object' },
      stop: 'END',
      metadata: { secret: 1 },
    });
    const { request } = provider.calls[0]!;
    expect(request).toMatchObject({
      system: 'One.\n\nTwo.',
      messages: [user, { role: 'system', content: 'Later.' }],
      tools: [{ name: 'weather', parameters: { type: 'object' } }],
      schema: { type: 'object' },
      stop: ['END'],
    });
    expect(request).not.toHaveProperty('metadata');
  });

  it('has the defaults that it left open, and the overrides that win over it', async () => {
    const provider = scriptedProvider('hello');
    const router = createRouter({
      models: {
        chat: [
          {
            provider,
            model: 'a',
            defaults: { maxTokens: 10, temperature: 0.1, providerOptions: { scripted: { a: 1, b: 1 } } },
            overrides: { temperature: 0.9, providerOptions: { scripted: { c: 3 } } },
          },
        ],
      },
    });
    await router.complete({
      messages: [user],
      temperature: 0.5,
      providerOptions: { scripted: { b: 2 }, other: { d: 4 } },
    });
    expect(provider.calls[0]!.request).toMatchObject({
      maxTokens: 10,
      temperature: 0.9,
      options: { a: 1, b: 2, c: 3 },
    });
    expect(provider.calls[0]!.request.options).not.toHaveProperty('d');
  });

  it('has the options under its own name, else under its kind', async () => {
    const mine = scriptedProvider('hello', { name: 'mine' });
    const yours = scriptedProvider('hello', { name: 'yours' });
    const router = createRouter({
      models: {
        chat: [
          { id: 'mine', provider: { ...mine, kind: 'vendor' }, model: 'a' },
          { id: 'yours', provider: { ...yours, kind: 'vendor' }, model: 'a' },
        ],
      },
    });
    const providerOptions = { mine: { a: 1 }, vendor: { b: 2 }, a: { c: 3 } };
    for (const id of ['mine', 'yours']) {
      await router.complete({ messages: [user], providerOptions }, { targets: [id] });
    }
    expect(mine.calls[0]!.request.options).toEqual({ a: 1 });
    expect(yours.calls[0]!.request.options).toEqual({ b: 2 });
  });

  it('lacks the wishes that the target does not take, and they are named in ignored', async () => {
    const provider = scriptedProvider('hello', { supports: { topK: false } });
    const router = createRouter({
      models: { chat: [{ provider, model: 'a', supports: { temperature: false } }] },
    });
    const reply = await router.complete({ messages: [user], temperature: 0.5, topK: 3, seed: 7 });
    expect(provider.calls[0]!.request).not.toHaveProperty('temperature');
    expect(provider.calls[0]!.request).not.toHaveProperty('topK');
    expect(provider.calls[0]!.request.seed).toBe(7);
    expect(reply.attempts[0]!.ignored.sort()).toEqual(['temperature', 'topK']);
  });

  it('never holds the private state of another provider', async () => {
    const maker = scriptedProvider([[{ text: 'Hm.', providerState: { secret: 'maker' } }]], {
      name: 'maker',
    });
    const other = scriptedProvider('hello', { name: 'other' });
    const router = createRouter({
      models: {
        chat: [
          { id: 'maker', provider: maker, model: 'a' },
          { id: 'other', provider: other, model: 'b' },
        ],
      },
    });
    const { message } = await router.complete({ messages: [user] }, { targets: ['maker'] });
    const history = [user, JSON.parse(JSON.stringify(message)) as typeof message, user];
    await router.complete({ messages: history }, { targets: ['other'] });
    await router.complete({ messages: history }, { targets: ['maker'] });
    expect(JSON.stringify(other.calls[0]!.request)).not.toContain('secret');
    expect(JSON.stringify(maker.calls[1]!.request.messages)).toContain(
      '"provider":"maker","state":{"secret":"maker"}',
    );
  });

  it('is never the caller’s object to change: frozen requests are answered', async () => {
    const { router } = setUp();
    const request = Object.freeze({ messages: Object.freeze([Object.freeze({ ...user })]) });
    await expect(router.complete(request)).resolves.toMatchObject({ text: 'hello' });
  });
});

describe('requirements', () => {
  const provider = scriptedProvider('hello');
  const router = createRouter({
    models: {
      chat: [
        { id: 'eu', provider, model: 'a', region: 'eu', tags: ['baa', 'zdr'] },
        { id: 'us', provider, model: 'b', region: 'us', tags: ['baa'] },
        { id: 'nowhere', provider, model: 'c' },
      ],
    },
    require: { tags: ['baa'] },
  });
  const allowed = (require: CompletionRequest['require']) =>
    router.plan({ messages: [user], require }).order.map(({ id }) => id);

  it('add up over router and request, and a target that states nothing does not match', () => {
    expect(allowed(undefined)).toEqual(['eu', 'us']);
    expect(allowed({ region: 'eu' })).toEqual(['eu']);
    expect(allowed({ region: ['eu', 'us'] })).toEqual(['eu', 'us']);
    expect(allowed({ tags: ['zdr'] })).toEqual(['eu']);
  });

  it('that nobody meets end with no-eligible-target, each reason named', async () => {
    const error = (await router.complete({ messages: [user], require: { region: 'ch' } }).then(
      () => undefined,
      (reason: unknown) => reason,
    )) as RouterError;
    expect(error.code).toBe('no-eligible-target');
    expect(error.rejected.map(({ target }) => target)).toEqual(['eu', 'us', 'nowhere']);
    expect(error.message).toContain('ch');
  });
});
