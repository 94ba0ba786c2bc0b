import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  type CompletionRequest,
  logTo,
  type Observer,
  type Provider,
  type ProviderCall,
  type ProviderEvent,
  type Strategy,
} from 'failsoft';
import { arrange, errorOf, question, settleNow } from './arrange.ts';

// A rejection that nobody follows would end a process, and ends the run of these tests.

const unreadable = Object.create(null) as object;
const trap = (): never => {
  // Without a prototype it cannot even be written out.
  throw unreadable;
};
const explosive = {
  get message() {
    return trap();
  },
  get status() {
    return trap();
  },
  get code() {
    return trap();
  },
};
const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

describe('whatever a provider throws, the attempt ends at once with a failure:', () => {
  it.each([
    ['a value without a prototype', unreadable],
    ['a value whose every property throws', explosive],
    ['a revoked proxy', revoked()],
    ['undefined', undefined],
    ['a symbol', Symbol('gone')],
  ])('%s', async (_what, thrown) => {
    const stage = arrange({ a: [{ throw: thrown }], b: 'From b.' });
    const reply = await stage.ask();
    expect(reply).toMatchObject({ text: 'From b.', latencyMs: 0 });
    expect(reply.attempts[0]?.failure).toMatchObject({
      kind: 'unknown',
      message: expect.any(String) as string,
    });
  });
});

describe('a classifier that is of no use leaves a failure to the general rules:', () => {
  it.each([
    ['it rejects', () => Promise.reject(new Error('asynchronous'))],
    ['it says null', () => null],
    ['it says a word', () => 'rate-limit'],
    [
      'it says something that cannot be read',
      () => ({
        get kind() {
          return trap();
        },
      }),
    ],
  ])('%s', async (_what, classify) => {
    const stage = arrange({
      a: {
        script: [{ throw: Object.assign(new Error('too busy'), { status: 503 }) }],
        wrap: (provider) => ({ ...provider, classify: classify as unknown as Provider['classify'] }),
      },
      b: 'From b.',
    });
    const reply = await stage.ask();
    expect(reply).toMatchObject({ text: 'From b.', latencyMs: 0 });
    expect(reply.attempts[0]?.failure).toMatchObject({ kind: 'overloaded', message: 'too busy' });
  });
});

describe('a provider', () => {
  const yielding = (...events: unknown[]) => ({
    script: 'unused',
    wrap: (provider: Provider): Provider => ({
      ...provider,
      async *stream() {
        await Promise.resolve();
        yield* events as ProviderEvent[];
        yield { type: 'finish', finishReason: 'stop' };
      },
    }),
  });

  it('may be an async function that returns its stream', async () => {
    const stage = arrange({
      a: {
        script: 'From a.',
        wrap: (provider) => ({
          ...provider,
          stream: ((call: ProviderCall) =>
            Promise.resolve(provider.stream!(call))) as never as Provider['stream'],
        }),
      },
    });
    expect((await stage.ask()).text).toBe('From a.');
  });

  it.each([
    ['a string', 'Hello.', 'not to a value of type string'],
    ['nothing', undefined, 'not to a value of type undefined'],
    ['null', null, 'not to null'],
    ['an answer of another make', { text: 'Hello.' }, 'not to a value of type object'],
  ])('that resolves complete() to %s is told what is wanted', async (_what, value, message) => {
    const complete = (() => Promise.resolve(value)) as never as Provider['complete'];
    const stage = arrange({
      a: { script: 'x', wrap: ({ name }) => ({ name, complete: complete! }) },
      b: 'From b.',
    });
    const { attempts } = await stage.ask();
    expect(attempts[0]?.failure).toMatchObject({
      kind: 'invalid-response',
      message: expect.stringContaining(message) as string,
    });
    expect(attempts[0]?.failure?.message).toContain('complete() must resolve to a list of events');
  });

  it('that rejects before it has a stream has failed, and nothing is left unhandled', async () => {
    const stage = arrange({
      a: {
        script: 'unused',
        wrap: (provider) => ({
          ...provider,
          stream: (() => Promise.reject(new Error('not today'))) as never as Provider['stream'],
        }),
      },
      b: 'From b.',
    });
    const reply = await stage.ask();
    expect(reply.attempts[0]?.failure?.message).toBe('not today');
    expect(reply.text).toBe('From b.');
  });

  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  it.each([
    ['arguments that go in a circle', { id: 'c', name: 'look', arguments: circular }],
    ['a BigInt among its arguments', { id: 'c', name: 'look', arguments: { at: 1n } }],
    ['a Date for arguments', { id: 'c', name: 'look', arguments: new Date(0) }],
    ['no name', { id: 'c', arguments: {} }],
    ['no id', { name: 'look', arguments: {} }],
  ])(
    'whose tool call has %s has not answered: such a message could not be sent back',
    async (_what, call) => {
      const stage = arrange({ a: yielding({ type: 'tool-call', ...call }), b: 'From b.' });
      const reply = await stage.ask();
      expect(reply.text).toBe('From b.');
      expect(reply.attempts[0]?.failure).toMatchObject({
        kind: 'invalid-response',
        code: 'malformed-tool-call',
      });
    },
  );

  it('that yields a text which is none is told so by that word', async () => {
    const stage = arrange({ a: yielding({ type: 'text', text: 7 }), b: 'From b.' });
    const reply = await stage.ask();
    expect(reply.text).toBe('From b.');
    expect(reply.attempts[0]?.failure).toMatchObject({
      kind: 'invalid-response',
      message: "the provider yielded a 'text' event without what belongs into it",
    });
  });

  it('that ends with a reason and counts of its own invention is taken at what can be reckoned with', async () => {
    const stage = arrange({
      a: {
        script: [
          { text: 'Done.' },
          {
            finish: {
              finishReason: 'bored' as 'other',
              usage: { inputTokens: 3, outputTokens: Number.NaN, totalTokens: -1 },
            },
          },
        ],
        target: { price: { input: 1, output: 1 } },
      },
    });
    const reply = await stage.ask();
    expect(reply).toMatchObject({ finishReason: 'other', usage: { inputTokens: 3 } });
    expect(reply.usage).not.toHaveProperty('outputTokens');
    expect(reply.costUsd).not.toBeNaN();
  });
});

describe('an asynchronous function where a plain one is expected', () => {
  it('as an observer is followed to its end, and the others are told where it rejects', async () => {
    const broken = (() => Promise.reject(new Error('the queue is full'))) as Observer;
    const stage = arrange({ a: 'From a.' }, { observers: [broken] });
    await stage.ask();
    await settleNow(stage);
    expect(stage.eventsOf('observer').map(({ message }) => message)).toContain('the queue is full');
  });

  it('as a sink of logTo is the same', async () => {
    const write = (() => Promise.reject(new Error('the disk is full'))) as () => void;
    const stage = arrange(
      { a: 'From a.' },
      { observers: [logTo({ info: write, warn: write, error: write })] },
    );
    await stage.ask();
    await settleNow(stage);
    expect(stage.eventsOf('observer').map(({ message }) => message)).toContain('the disk is full');
  });

  it('as a strategy leaves the listed order, also where it rejects', async () => {
    for (const strategy of [() => Promise.reject(new Error('no')), () => Promise.resolve([])]) {
      const stage = arrange({ a: 'From a.', b: 'From b.' }, { strategy: strategy as never as Strategy });
      expect((await stage.ask()).target.id).toBe('a');
    }
  });
});

it('an observer that throws what cannot be written out does not end the call', async () => {
  const stage = arrange({ a: 'From a.' }, { observers: [trap] });
  expect((await stage.ask()).text).toBe('From a.');
});

it('an asynchronous refinement of a zod schema runs once for each reply, and may reject', async () => {
  let runs = 0;
  const schema = z.object({ n: z.number() }).refine(async ({ n }) => {
    await Promise.resolve();
    runs += 1;
    if (n === 1) throw new Error('the database is down');
    return true;
  });
  const stage = arrange({ a: '{"n":1}', b: '{"n":2}' });
  const reply = await stage.ask({ schema });
  expect(reply.object).toEqual({ n: 2 });
  expect(reply.attempts[0]?.failure?.message).toBe("the schema's own code threw");
  expect(runs).toBe(2);
});

describe('whatever else throws in the code of a host', () => {
  it('of a provider: secrets() is done without, and the call moves on', async () => {
    for (const secrets of [trap, () => [null, 7] as never as string[]]) {
      const stage = arrange({
        a: { script: [{ fail: 'overloaded' }], wrap: (provider) => ({ ...provider, secrets }) },
        b: 'From b.',
      });
      expect((await stage.ask()).text).toBe('From b.');
    }
  });

  it('of a provider: refuses() has said nothing against it', async () => {
    const stage = arrange({ a: { script: 'From a.', wrap: (provider) => ({ ...provider, refuses: trap }) } });
    expect((await stage.ask({ tools: [{ name: 'look', parameters: {} }] })).text).toBe('From a.');
  });

  it('ends the call with the one error, and the event that ends every call', async () => {
    const stage = arrange({
      a: { script: 'From a.', wrap: (provider) => ({ ...provider, keyVersion: trap }) },
    });
    for (const end of [
      () => stage.router.complete(question),
      () => stage.router.stream(question).completion,
    ]) {
      expect(await errorOf(end())).toMatchObject({ code: 'all-targets-failed', cause: unreadable });
      expect(stage.eventsOf('call').at(-1)).toMatchObject({ outcome: 'all-targets-failed' });
    }
  });
});

it('a request whose every property throws is a bad request', async () => {
  const stage = arrange({ a: 'From a.' });
  const request = new Proxy({}, { get: trap, ownKeys: trap }) as CompletionRequest;
  expect(await errorOf(stage.router.complete(request))).toMatchObject({ code: 'bad-request' });
});
