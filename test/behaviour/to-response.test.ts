import { describe, expect, it } from 'vitest';
import { arrange, errorOf, settleNow } from './arrange.ts';

function framesOf(body: string): { event: string; data: any }[] {
  return body
    .split('\n\n')
    .filter((frame) => frame !== '')
    .map((frame) => {
      const [event, data] = frame.split('\n');
      return { event: event!.replace('event: ', ''), data: JSON.parse(data!.replace('data: ', '')) };
    });
}

const canary = 'api.canary-host.example';

describe('toResponse as server-sent events', () => {
  it('sends one frame for each event, without a word of who answers', async () => {
    const stage = arrange({
      a: {
        script: [
          { reasoning: 'Hm.' },
          { text: ['Hel', 'lo.'] },
          { finish: { finishReason: 'stop', usage: { inputTokens: 3 } } },
        ],
        target: { id: 'secret-target', model: 'secret-model' },
        provider: { name: 'secret-provider' },
      },
    });
    const response = stage.stream().toResponse({ headers: { 'x-own': 'yes' } });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    expect(response.headers.get('cache-control')).toBe('no-cache');
    expect(response.headers.get('x-own')).toBe('yes');
    const body = await stage.runtime.run(response.text());
    expect(framesOf(body)).toEqual([
      { event: 'start', data: { type: 'start' } },
      { event: 'reasoning', data: { type: 'reasoning', text: 'Hm.' } },
      { event: 'text', data: { type: 'text', text: 'Hel' } },
      { event: 'text', data: { type: 'text', text: 'lo.' } },
      {
        event: 'finish',
        data: {
          type: 'finish',
          id: expect.stringContaining('call_') as string,
          finishReason: 'stop',
          usage: { inputTokens: 3 },
          degraded: false,
        },
      },
    ]);
    expect(body).not.toContain('secret');
  });

  it('ends with the public error inside, after what had come', async () => {
    const stage = arrange({
      a: [{ text: 'Hel' }, { fail: { kind: 'server-error', message: `${canary} broke` } }],
    });
    const response = stage.stream().toResponse();
    expect(response.status).toBe(200);
    const body = await stage.runtime.run(response.text());
    const frames = framesOf(body);
    expect(frames.map(({ event }) => event)).toEqual(['start', 'text', 'failure']);
    expect(frames.at(-1)?.data).toMatchObject({
      type: 'error',
      error: { code: 'stream-interrupted', status: 502, retryable: true },
    });
    expect(body).not.toContain('canary');
  });

  it('answers 200 to a request with a fault in it, and tells of that inside', async () => {
    const stage = arrange({ a: 'From a.' });
    const response = stage.stream({ messages: [] }).toResponse();
    expect(response.status).toBe(200);
    const frames = framesOf(await response.text());
    expect(frames).toHaveLength(1);
    expect(frames[0]).toMatchObject({
      event: 'failure',
      data: { error: { code: 'bad-request', status: 400 } },
    });
  });

  it('restarts without saying why', async () => {
    const stage = arrange({
      a: [{ reasoning: 'Hm.' }, { fail: { kind: 'network', message: canary } }],
      b: 'From b.',
    });
    const body = await stage.runtime.run(
      stage
        .stream({}, { stream: { reasoning: 'live' } })
        .toResponse()
        .text(),
    );
    expect(framesOf(body).map(({ event }) => event)).toEqual([
      'start',
      'reasoning',
      'restart',
      'text',
      'finish',
    ]);
    expect(body).not.toContain('canary');
  });

  it('keeps line breaks of the text inside its frame', async () => {
    const text = 'one\n\ntwo\r\ndata: three';
    const stage = arrange({ a: text });
    const frames = framesOf(await stage.runtime.run(stage.stream().toResponse().text()));
    expect(frames[1]?.data).toEqual({ type: 'text', text });
  });
});

describe('toResponse as text', () => {
  it('sends the bare text', async () => {
    const stage = arrange({ a: [{ reasoning: 'Hm.' }, { text: ['Grüß ', 'Gott 👋'] }] });
    const response = stage.stream().toResponse({ format: 'text' });
    expect(response.headers.get('content-type')).toContain('text/plain');
    expect(await stage.runtime.run(response.text())).toBe('Grüß Gott 👋');
  });

  it('breaks off with a public word: a shortened text must not look whole', async () => {
    const stage = arrange({ a: [{ text: 'Hel' }, { fail: { kind: 'server-error', message: canary } }] });
    const broken = stage.stream().toResponse({ format: 'text' }).text();
    const error: unknown = await stage.runtime.run(broken).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).toBe('The answer broke off. Please try again.');
  });
});

describe('a browser that goes away', () => {
  it('ends the provider’s work, before and after the first piece', async () => {
    for (const pieces of [0, 1]) {
      const stage = arrange({ a: [{ text: 'Hel' }, { hang: true }] });
      const stream = stage.stream();
      const reader = stream.toResponse().body!.getReader();
      if (pieces > 0) await reader.read();
      await settleNow(stage);
      await reader.cancel();
      expect((await errorOf(stream.completion)).code).toBe('aborted');
      expect(stage.providers.a.calls[0]?.outcome).toBe('aborted');
    }
  });
});
