import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createRouter, isRouterError, type RouterError, type RouterOptions } from 'failsoft';
import { scriptedProvider } from 'failsoft/testing';
import { deadlineDefaults } from '../../src/execution/deadlines.ts';
import { defaults } from '../../src/settings.ts';

const provider = scriptedProvider('hello');

function explode(): never {
  throw new Error('not loaded');
}

function faultsOf(options: unknown): Record<string, string> {
  try {
    createRouter(options as RouterOptions);
  } catch (error) {
    expect(isRouterError(error)).toBe(true);
    const { code, problems } = error as RouterError;
    expect(code).toBe('invalid-config');
    return Object.fromEntries(problems.map(({ path, message }) => [path, message]));
  }
  throw new Error('expected the options to be refused');
}

describe('createRouter', () => {
  it('lists every fault at once, with where, what was expected and what came', () => {
    const faults = faultsOf({
      models: {
        chat: [
          { provider, model: 'a', weight: -1 },
          { provider: {}, model: '', wieght: 2 },
        ],
        empty: [],
      },
      timeouts: { firstTokenMs: 0 },
      retry: 1.5,
      transport: 'carrier-pigeon',
      observers: [1],
      defaultModel: 'chit',
    });
    expect(faults).toMatchObject({
      'models.chat[0].weight': expect.stringContaining('≥ 0') as string,
      'models.chat[1].provider.name': expect.stringContaining('string') as string,
      'models.chat[1].provider': expect.stringContaining('stream() or complete()') as string,
      'models.chat[1].wieght': "is not known; did you mean 'weight'?",
      'models.chat[1].model': expect.stringContaining('not empty') as string,
      'models.empty': 'expected a list with at least one target',
      'timeouts.firstTokenMs': 'expected a number > 0, got 0',
      retry: expect.stringContaining('whole number') as string,
      transport: expect.stringContaining("'auto', 'stream', 'unary'") as string,
      'observers[0]': 'expected a function, got 1',
      defaultModel: expect.stringContaining("did you mean 'chat'?") as string,
    });
  });

  it('takes prices in USD per million tokens', () => {
    const models = { chat: [{ provider, model: 'a' }] };
    expect(faultsOf({ models, prices: { a: { input: 1 }, b: { input: 1, output: -1 } } })).toEqual({
      'prices.a.output': expect.stringContaining('USD per million tokens') as string,
      'prices.b.output': expect.stringContaining('got -1') as string,
    });
    expect(faultsOf({ models: { chat: { targets: models.chat, prices: {} } } })).toHaveProperty([
      'models.chat.prices',
    ]);
  });

  it.each([
    ['the options', new Proxy({}, { get: explode, ownKeys: explode })],
    [
      'a model',
      {
        models: {
          get chat() {
            return explode();
          },
        },
      },
    ],
    [
      'a target',
      {
        models: { chat: [Object.defineProperty({ provider }, 'model', { get: explode, enumerable: true })] },
      },
    ],
  ])('says of %s that cannot be read what went wrong', (_what, options) => {
    expect(Object.values(faultsOf(options)).join()).toMatch(/cannot be read: not loaded/);
  });

  it('says whose supports() threw', () => {
    const broken = { ...provider, name: 'acme', supports: explode };
    expect(Object.values(faultsOf({ models: { chat: [{ provider: broken, model: 'large' }] } }))).toEqual([
      "supports('large') of the provider 'acme' threw: not loaded",
    ]);
  });

  it('puts the whole list into the message', () => {
    expect(() => createRouter({ models: { chat: [{ provider, model: 'a', weight: -1 }] } })).toThrow(
      'models.chat[0].weight: expected a number ≥ 0',
    );
  });

  it.each(['cache', 'budget', 'policy', 'conversations', 'shared', 'alerts'])(
    'refuses %s with a clear word until it is there',
    (option) => {
      const faults = faultsOf({ models: { chat: [{ provider, model: 'a' }] }, [option]: true });
      expect(faults[option]).toContain('not available in this version');
    },
  );

  it('takes an id twice in one model for a fault, and in two models only with the same provider object and model', () => {
    const other = scriptedProvider('hi');
    const twice = [
      { id: 'x', provider, model: 'a' },
      { id: 'x', provider, model: 'a' },
    ];
    expect(faultsOf({ models: { chat: twice } })['models.chat[1].id']).toContain('stands twice');
    const models = (second: unknown) => ({ one: [{ id: 'x', provider, model: 'a' }], two: [second] });
    expect(
      faultsOf({ models: models({ id: 'x', provider: other, model: 'a' }) })['models.two[0].id'],
    ).toContain('already');
    expect(faultsOf({ models: models({ id: 'x', provider, model: 'b' }) })['models.two[0].id']).toContain(
      'already',
    );
    expect(() =>
      createRouter({ models: models({ id: 'x', provider, model: 'a' }) } as RouterOptions),
    ).not.toThrow();
  });

  it('reports the faults that a provider found in its own options', () => {
    const faulty = { ...scriptedProvider('hi'), problems: ['expected a client or an apiKey, got neither'] };
    const faults = faultsOf({ models: { chat: [{ provider: faulty, model: 'a' }] } });
    expect(faults['models.chat[0].provider']).toBe('expected a client or an apiKey, got neither');
  });

  it('says that totalMs belongs to a call, not to a target', () => {
    const faults = faultsOf({ models: { chat: [{ provider, model: 'a', timeouts: { totalMs: 5 } }] } });
    expect(faults['models.chat[0].timeouts.totalMs']).toContain('whole call');
  });

  it('checks prices, limits, requirements, failures and what a target supports', () => {
    const faults = faultsOf({
      models: {
        chat: [
          {
            provider,
            model: 'a',
            price: { input: 1 },
            limits: { rpm: 0 },
            supports: { toolChoice: ['sometimes'], tool: true },
            tags: 'eu',
            contextWindow: 1.5,
            defaults: { temperature: -1, maxTokenz: 3 },
          },
        ],
      },
      failures: { timeout: 'shrug', tiemout: 'next' },
      require: { regions: 'eu' },
    });
    expect(Object.keys(faults).sort()).toEqual([
      'failures.tiemout',
      'failures.timeout',
      'models.chat[0].contextWindow',
      'models.chat[0].defaults.maxTokenz',
      'models.chat[0].defaults.temperature',
      'models.chat[0].limits.rpm',
      'models.chat[0].price.output',
      'models.chat[0].supports.tool',
      'models.chat[0].supports.toolChoice[0]',
      'models.chat[0].tags',
      'require.regions',
    ]);
  });

  it('takes undefined as absent everywhere', () => {
    const options = {
      models: { chat: [{ provider, model: 'a', weight: undefined, price: undefined, timeouts: undefined }] },
      strategy: undefined,
      timeouts: { firstTokenMs: undefined },
      retry: undefined,
      observers: undefined,
      runtime: undefined,
    };
    expect(() => createRouter(options)).not.toThrow();
  });

  it('takes no options at all for one clear error', () => {
    expect(Object.keys(faultsOf(undefined))).toEqual(['']);
    expect(Object.keys(faultsOf({}))).toEqual(['models']);
    expect(Object.keys(faultsOf({ models: {} }))).toEqual(['models']);
  });
});

describe('the defaults', () => {
  /** The `@default` of a field, as its docstring states it. */
  function statedDefault(field: string): string {
    const source = readFileSync(new URL('../../src/options.ts', import.meta.url), 'utf8');
    const at = source.search(new RegExp(`readonly ${field}\\?:`));
    const docs = source.slice(0, at);
    return docs
      .slice(docs.lastIndexOf('@default') + '@default'.length)
      .replace(/\*\/[\s\S]*/, '')
      .replaceAll('_', '');
  }

  it.each([
    ['firstTokenMs', deadlineDefaults.firstTokenMs],
    ['firstTokenMs', deadlineDefaults.slowFirstTokenMs],
    ['idleMs', deadlineDefaults.idleMs],
    ['idleMs', deadlineDefaults.reasoningIdleMs],
    ['attemptMs', deadlineDefaults.unaryAttemptMs],
    ['totalMs', defaults.totalMs],
    ['limit', defaults.retry.limit],
    ['baseDelayMs', defaults.retry.baseDelayMs],
    ['maxDelayMs', defaults.retry.maxDelayMs],
    ['maxAttempts', defaults.maxAttempts],
    ['transport', defaults.transport],
  ])('of %s are what its docstring says: %s', (field, value) => {
    expect(statedDefault(field)).toContain(String(value));
  });
});
