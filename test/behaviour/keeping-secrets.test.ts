import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { logTo, type CompletionRequest, type Provider } from 'failsoft';
import { keyRing } from '../../src/providers/keys.ts';
import { arrange, errorOf } from './arrange.ts';

const key = 'canary-key-5f3a9c';
const prompt = 'canary prompt: my cat is called Minka and sleeps all day';
const host = 'canary-host.example';
const url = `https://${host}/v1/models/canary-model:generate?key=AIzaCanaryKeyInUrl000&alt=sse`;

/** What a careless vendor might answer. */
const echo = [
  `401 for ${url}`,
  `Incorrect API key provided: ${key}`,
  `authorization: Bearer canary-bearer-abcdef`,
  `x-own: canary-header-value`,
  `in: "${prompt}"`,
].join('; ');

const requests: Readonly<Record<string, CompletionRequest>> = {
  'a user’s text': { messages: [{ role: 'user', content: prompt }] },
  'a part of it': { messages: [{ role: 'user', content: [{ type: 'text', text: `Listen. ${prompt}` }] }] },
  'a system text': { system: prompt, messages: [{ role: 'user', content: 'Hello there.' }] },
  'a system message': {
    messages: [
      { role: 'system', content: prompt },
      { role: 'user', content: 'Hello there.' },
    ],
  },
  'an earlier answer': {
    messages: [
      { role: 'assistant', content: prompt },
      { role: 'user', content: 'Hello there.' },
    ],
  },
  'a tool result': {
    messages: [
      { role: 'assistant', content: [{ type: 'tool-call', id: 'c', name: 'f', arguments: { of: 'it' } }] },
      { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'c', content: prompt }] },
    ],
  },
  'a tool call’s arguments': {
    messages: [
      {
        role: 'assistant',
        content: [{ type: 'tool-call', id: 'c', name: 'f', arguments: { said: prompt } }],
      },
      { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'c', content: 'x' }] },
    ],
  },
};

function leaky(message = echo) {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const stage = arrange(
    {
      a: {
        script: [{ fail: { kind: 'auth', message, status: 401 } }],
        target: { id: 'canary-target', model: 'canary-model' },
        provider: { name: 'canary-provider' },
        wrap: (provider) => ({ ...provider, secrets: () => [key] }),
      },
    },
    { observers: [logTo({ info: write, warn: write, error: write })] },
  );
  return { stage, lines };
}

const secrets = ['canary-key', 'AIzaCanary', 'canary-bearer', 'canary-header', 'canary prompt', 'Minka'];

function expectClean(text: string) {
  for (const secret of secrets) expect(text).not.toContain(secret);
}

describe('keys and prompts', () => {
  it('never leave as the code or the request id of a failure, where a server puts sentences there', async () => {
    const stage = arrange({
      a: {
        script: [{ fail: { kind: 'server-error', message: 'no', code: echo, requestId: `req-${key}` } }],
        wrap: (provider) => ({ ...provider, secrets: () => [key] }),
      },
    });
    const request = { messages: [{ role: 'user', content: prompt }] } as const;
    const headers = { 'x-own': 'canary-header-value' };
    const error = await stage.fail(request, { retry: 0, headers });
    expectClean(JSON.stringify([error.attempts, error.failure, stage.events]));
  });

  it('leave a code alone that the prompt asks about', async () => {
    const stage = arrange({
      a: [{ fail: { kind: 'server-error', message: 'no', code: 'insufficient_quota' } }],
    });
    const request = { messages: [{ role: 'user', content: 'What is insufficient_quota?' }] } as const;
    expect((await stage.fail(request, { retry: 0 })).failure?.code).toBe('insufficient_quota');
  });

  it.each(Object.keys(requests))(
    'never leave by an error, an event, a log line or health(): %s',
    async (which) => {
      const { stage, lines } = leaky();
      const headers = { 'x-own': 'canary-header-value' };
      const error = await stage.runtime.run(errorOf(stage.router.complete(requests[which]!, { headers })));
      expectClean(error.message);
      expectClean(String(error));
      expectClean(error.stack ?? '');
      expectClean(inspect(error, { depth: 20, showHidden: true }));
      expectClean(JSON.stringify(error));
      expectClean(JSON.stringify(stage.events));
      expectClean(lines.join('\n'));
      expectClean(JSON.stringify(stage.router.health()));
      expectClean(JSON.stringify(stage.router.plan(requests[which]!)));
      expect(error.message).toContain('[redacted]');
      expect(lines.length).toBeGreaterThan(2);
    },
  );

  it('never leave by a probe or a rotation that is refused', async () => {
    const stage = arrange({
      a: {
        script: (_call, number) => [
          { fail: { kind: 'auth', message: `refused: ${key}${number > 1 ? ' and canary-key-next' : ''}` } },
        ],
        wrap: (provider) => {
          const withKey = (own: string): Provider => ({
            ...provider,
            secrets: () => [own],
            setKey: () => {},
            withKey,
          });
          return withKey(key);
        },
      },
    });
    expectClean(JSON.stringify(await stage.runtime.run(stage.router.probe())));
    const rotated = stage.router.rotate('a', 'canary-key-next', { verify: true });
    const error = await stage.runtime.run(errorOf(rotated));
    expectClean(error.message);
    expectClean(JSON.stringify([error, stage.events]));
  });

  it('never leave by an attempt that was in flight on the key before a rotation', async () => {
    const ring = keyRing('canary-key-before');
    const stage = arrange({
      a: {
        script: [{ waitMs: 100 }, { fail: { kind: 'auth', message: 'refused: canary-key-before' } }],
        wrap: (provider) => ({
          ...provider,
          secrets: ring.secrets,
          setKey: ring.set,
          keyVersion: ring.version,
        }),
      },
    });
    const failed = errorOf(stage.router.complete({ messages: [{ role: 'user', content: 'Hi' }] }));
    await stage.router.rotate('a', 'canary-key-after');
    expectClean((await stage.runtime.run(failed)).message);
  });

  it('never leave by the attempts of a call that was answered', async () => {
    const stage = arrange({
      a: {
        script: [{ fail: { kind: 'server-error', message: echo } }],
        wrap: (provider) => ({ ...provider, secrets: () => [key] }),
      },
      b: 'From b.',
    });
    const reply = await stage.ask(requests['a user’s text'], { headers: { 'x-own': 'canary-header-value' } });
    expectClean(JSON.stringify(reply));
  });

  it.each([540, 560, 580, 590, 595, 598, 600])(
    'never leave in part where a long message is cut: at %i',
    async (length) => {
      const { stage } = leaky(`${'x'.repeat(length)}${key} and more`);
      const error = await stage.fail();
      expect(error.failure?.message).not.toContain('canary-');
    },
  );

  it('that a vendor quotes nowhere leave its own words as they are', async () => {
    const { stage } = leaky('Your credit balance is too low to access the API.');
    expect((await stage.fail()).failure?.message).toBe('Your credit balance is too low to access the API.');
  });
});

describe('what an end user is told', () => {
  it('names no provider, model, target, host, key or prompt', async () => {
    const { stage } = leaky();
    const error = await stage.runtime.run(errorOf(stage.router.complete(requests['a user’s text']!)));
    expect(JSON.stringify(error.toPublic())).not.toMatch(/canary|AIza|Minka/i);
    expect(error.toPublic()).toEqual({
      code: 'all-targets-failed',
      message: 'The service is not set up correctly.',
      status: 500,
      retryable: false,
      callId: error.callId,
    });
  });
});

describe('events', () => {
  it('are plain JSON without a word of question or answer', async () => {
    const stage = arrange({
      a: [
        { reasoning: 'canary-reasoning' },
        { text: 'canary-answer' },
        { toolCall: { name: 'look', arguments: { at: 'canary-arguments' } } },
      ],
    });
    await stage.ask({ ...requests['a user’s text'], metadata: { page: 'help' }, scope: 'tenant-1' });
    expect(JSON.parse(JSON.stringify(stage.events))).toEqual(stage.events);
    expect(JSON.stringify(stage.events)).not.toMatch(/canary|Minka/);
    expect(stage.eventsOf('call')[0]).toMatchObject({ metadata: { page: 'help' }, scope: 'tenant-1' });
  });
});
