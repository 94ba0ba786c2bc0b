import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { anthropicEmulator, geminiEmulator, ollamaEmulator, openaiEmulator } from 'failsoft/testing';
import type { Dialect } from '../../../src/testing/emulators/dialect.ts';
import type { FaultSchedule } from '../../../src/testing/emulators/faults.ts';
import { wordsOf } from '../../../src/testing/emulators/reply.ts';
import { startEmulator, type Emulator, type EmulatorOptions } from '../../../src/testing/emulators/server.ts';

/** The smallest wire format there is, so that only the server itself is under test. */
const plain: Dialect = {
  name: 'plain',
  aside: (request) => (request.path === '/version' ? { kind: 'whole', body: { version: 1 } } : undefined),
  handle(request, settings) {
    const stream = request.body.stream === true;
    if (typeof request.body.prompt !== 'string')
      return { kind: 'error', status: 400, body: { error: 'prompt?' } };
    const { prompt } = request.body;
    const { number, body } = request;
    const reply = settings.reply({ model: 'm', prompt, stream, afterToolResult: false, body, number });
    if (!stream) return { kind: 'whole', body: { text: reply.text } };
    return {
      kind: 'stream',
      contentType: 'text/event-stream',
      head: ['data: begin\n\n'],
      content: wordsOf(String(reply.text)).map((word) => `data: ${word}\n\n`),
      tail: ['data: [DONE]\n\n'],
    };
  },
  error: (kind, { status = 500, message, bodyRetryAfterMs }) => ({
    status: kind === 'rate-limit' ? 429 : status,
    body: { error: message ?? kind, ...(bodyRetryAfterMs === undefined ? {} : { retry: bodyRetryAfterMs }) },
  }),
  streamError: (kind) => `data: error ${kind}\n\n`,
};

const open: Emulator[] = [];

async function start(faults?: FaultSchedule, options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = await startEmulator(plain, { reply: { text: 'one two three four' }, faults, ...options });
  open.push(emulator);
  return emulator;
}

afterEach(async () => {
  for (const emulator of open.splice(0)) {
    await emulator.close();
    expect(emulator.counters).toMatchObject({ open: 0, sockets: 0 });
  }
});

interface Wire {
  /** The body's text so far, without the marks of chunks. */
  body(): string;
  /** All of it, as it came. */
  raw(): string;
  head(): string;
  /** Resolves once the text has been received. */
  seen(text: string): Promise<void>;
  /** How the connection ended: `fin`, or the code of an error. */
  readonly ended: Promise<string>;
  leave(): void;
}

/** A request over a bare socket, where nothing hides how a reply ended. */
function ask(
  emulator: Emulator,
  { stream = true, prompt = 'Hi' }: { stream?: boolean; prompt?: unknown } = {},
): Wire {
  const socket = connect(emulator.port, '127.0.0.1');
  const content = JSON.stringify({ stream, prompt });
  let text = '';
  const watchers = new Set<() => void>();
  socket.setEncoding('utf8');
  socket.on('data', (chunk) => {
    text += String(chunk);
    for (const watch of watchers) watch();
  });
  const ended = new Promise<string>((resolve) => {
    socket.on('end', () => resolve('fin'));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
  });
  const head = `POST /ask HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: ${content.length}\r\n\r\n`;
  socket.write(head + content);
  return {
    raw: () => text,
    head: () => text.split('\r\n\r\n', 1).join(''),
    body: () =>
      text.slice(text.indexOf('\r\n\r\n') + 4).replace(/^[0-9a-f]+\r\n|\r\n[0-9a-f]+\r\n|\r\n$/g, ''),
    seen: (wanted) =>
      new Promise((resolve) => {
        const watch = () => text.includes(wanted) && resolve();
        watchers.add(watch);
        watch();
      }),
    ended,
    leave: () => void socket.destroy(),
  };
}

/** Whether a chunked body was closed as HTTP demands. */
const closing = /0\r\n\r\n$/;

describe('a fault on the wire', () => {
  it('is none by default: an answer with its end', async () => {
    const wire = ask(await start());
    expect(await wire.ended).toBe('fin');
    expect(wire.head()).toContain('200 OK');
    expect(wire.body()).toContain('data: [DONE]');
  });

  it('refuse: nobody listens, until it is lifted', async () => {
    const emulator = await start();
    await ask(emulator).ended;
    const { port } = emulator;
    await emulator.fault('refuse');
    expect(await ask(emulator).ended).toBe('ECONNREFUSED');
    await emulator.fault();
    expect(emulator.port).toBe(port);
    const wire = ask(emulator);
    await wire.ended;
    expect(wire.body()).toContain('[DONE]');
  });

  it('refuse: drops idle connections, and lets an exchange under way end', async () => {
    const emulator = await start();
    await fetch(`${emulator.url}/version`).then((response) => response.json());
    await emulator.fault('stall-before-first-token');
    const wire = ask(emulator);
    await wire.seen('200 OK');
    await emulator.fault({ kind: 'refuse' });
    expect(emulator.counters).toMatchObject({ open: 1, sockets: 1 });
    await expect(fetch(`${emulator.url}/version`)).rejects.toThrow();
    wire.leave();
    expect(await emulator.requests[1]?.ended).toBe('aborted');
  });

  it('refuse: can hold from the start, and only alone', async () => {
    const emulator = await start('refuse');
    expect(await ask(emulator).ended).toBe('ECONNREFUSED');
    await emulator.fault(() => 'refuse' as never);
    const wire = ask(emulator);
    await wire.ended;
    expect(wire.head()).toContain('599');
  });

  it('one that is not known is told, with the nearest', async () => {
    await expect(start('overlaoded' as never)).rejects.toThrow(
      "faults: 'overlaoded' is not known; did you mean 'overloaded'?",
    );
    const emulator = await start(null);
    await expect(emulator.fault([null, { kind: 'hnag' }] as never)).rejects.toThrow("did you mean 'hang'?");
  });

  it.each<[object, string]>([
    [
      { kind: 'slow', firstMs: 300 },
      'faults: slow.firstMs: is not known; known are kind, headersMs, tokenMs',
    ],
    [
      { kind: 'truncate', how: 'softly' },
      "faults: truncate.how: expected one of 'clean', 'mid-event', 'hard'",
    ],
    [{ kind: 'hang', forMs: 5 }, 'faults: hang.forMs: is not known'],
    [{ kind: 'garbage', what: 'htm' }, "did you mean 'html'?"],
  ])('a field that is not known is told: %j', async (fault, message) => {
    const emulator = await start(null);
    await expect(emulator.fault(fault as never)).rejects.toThrow(message);
  });

  it('reset: no header at all', async () => {
    const wire = ask(await start('reset'));
    expect(await wire.ended).toBe('ECONNRESET');
    expect(wire.head()).toBe('');
  });

  it('hang: accepts and never says a word', async () => {
    const emulator = await start(['hang']);
    const wire = ask(emulator);
    await emulator.received(1);
    // Another exchange comes and goes meanwhile.
    await ask(emulator).ended;
    expect(wire.head()).toBe('');
    expect(emulator.counters).toMatchObject({ open: 1, answered: 1, faulted: 1 });
    wire.leave();
    expect(await emulator.requests[0]?.ended).toBe('aborted');
  });

  it('stall-before-first-token: headers, then no event', async () => {
    const emulator = await start(['stall-before-first-token']);
    const wire = ask(emulator);
    await wire.seen('200 OK');
    await ask(emulator).ended;
    expect(wire.body()).toBe('');
    wire.leave();
    expect(await emulator.requests[0]?.ended).toBe('aborted');
  });

  it('stall-after: some content, then nothing', async () => {
    const emulator = await start([{ kind: 'stall-after', tokens: 2 }]);
    const wire = ask(emulator);
    await wire.seen('two');
    await ask(emulator).ended;
    expect(wire.body()).not.toContain('three');
    wire.leave();
    await emulator.requests[0]?.ended;
  });

  it('pings-only: comments for ever, of no content', async () => {
    const emulator = await start({ kind: 'pings-only', everyMs: 1 });
    const wire = ask(emulator);
    await wire.seen(': keep-alive');
    expect(wire.body()).not.toContain('data:');
    wire.leave();
    await emulator.requests[0]?.ended;
    const whole = ask(emulator, { stream: false });
    await whole.seen('200 OK');
    await whole.seen('\n\r\n1\r\n\n');
    whole.leave();
    await emulator.requests[1]?.ended;
  });

  it('truncate clean: the body ends well, the marker is missing', async () => {
    const wire = ask(await start({ kind: 'truncate', tokens: 2 }));
    expect(await wire.ended).toBe('fin');
    expect(wire.body()).toContain('data: two \n\n');
    expect(wire.body()).not.toMatch(/three|DONE/);
    expect(wire.raw()).toMatch(closing);
  });

  it('truncate mid-event: the body ends well, inside an event', async () => {
    const wire = ask(await start({ kind: 'truncate', how: 'mid-event', tokens: 2 }));
    expect(await wire.ended).toBe('fin');
    expect(wire.body()).toMatch(/data: t$/);
    expect(wire.raw()).toMatch(closing);
  });

  it('truncate hard: what was sent arrives, and the body never ends', async () => {
    const wire = ask(await start({ kind: 'truncate', how: 'hard', tokens: 2 }));
    await wire.ended;
    expect(wire.body()).toContain('two');
    expect(wire.raw()).not.toMatch(closing);
  });

  it.each(['clean', 'mid-event', 'hard'] as const)(
    'truncate %s: half a body where there is no stream',
    async (how) => {
      const wire = ask(await start({ kind: 'truncate', how }), { stream: false });
      await wire.ended;
      expect(wire.body()).toContain('{"text":"one');
      expect(wire.body()).not.toContain('four');
      expect(closing.test(wire.raw())).toBe(how !== 'hard');
    },
  );

  it('half-json: half a body that ends well', async () => {
    const wire = ask(await start('half-json'), { stream: false });
    expect(await wire.ended).toBe('fin');
    expect(wire.body()).toMatch(/^\{"text":"one/);
    expect(wire.body()).not.toContain('four');
    expect(wire.raw()).toMatch(closing);
  });

  it.each([
    ['html', 'text/html', /^<!DOCTYPE html>/],
    ['empty-object', 'application/json', /^\{\}$/],
    ['error-body', 'application/json', /"error":"server-error"/],
    ['invalid-json', 'application/json', /\[\}$/],
    ['string', 'application/json', /^"it works"$/],
    ['empty-body', 'application/json', /^$/],
  ] as const)('garbage %s: a 200 that is none', async (what, type, body) => {
    const wire = ask(await start({ kind: 'garbage', what }));
    await wire.ended;
    expect(wire.head()).toContain('200 OK');
    expect(wire.head()).toContain(type);
    expect(wire.body()).toMatch(body);
  });

  it('empty: a whole answer without content', async () => {
    const wire = ask(await start('empty'));
    await wire.ended;
    expect(wire.body()).toContain('[DONE]');
    expect(wire.body()).not.toContain('one');
  });

  it('stream-error: an error among the events', async () => {
    const emulator = await start({ kind: 'stream-error', tokens: 1, error: 'quota' });
    const wire = ask(emulator);
    await wire.ended;
    expect(wire.body()).toMatch(/data: one[^]*data: error quota/);
    expect(wire.body()).not.toContain('[DONE]');
    const whole = ask(emulator, { stream: false });
    await whole.ended;
    expect(whole.head()).toContain('200 OK');
    expect(whole.body()).toBe('{"error":"quota"}');
  });

  it("status: any status in the vendor's shape, with headers", async () => {
    const fault = { kind: 'status', status: 418, message: 'tea', headers: { 'x-pot': 'short' } } as const;
    const wire = ask(await start(fault));
    await wire.ended;
    expect(wire.head()).toMatch(/418[^]*x-pot: short/);
    expect(wire.body()).toBe('{"error":"tea"}');
  });

  it.each([
    ['retry-after', /retry-after: 3\r/],
    ['retry-after-ms', /retry-after-ms: 2500\r/],
    ['http-date', /retry-after: \w{3}, \d\d \w{3} \d{4} .* GMT\r/],
  ] as const)('rate-limit: the hint %s stands in its header', async (hint, header) => {
    const wire = ask(await start({ kind: 'rate-limit', hint, afterMs: 2_500 }));
    await wire.ended;
    expect(wire.head()).toContain('429');
    expect(`${wire.head()}\r`).toMatch(header);
  });

  it('rate-limit: the hint may stand in the body, or nowhere', async () => {
    const emulator = await start([
      { kind: 'rate-limit', hint: 'body', afterMs: 70 },
      { kind: 'rate-limit', hint: 'none' },
    ]);
    const told = ask(emulator);
    await told.ended;
    const silent = ask(emulator);
    await silent.ended;
    expect(told.body()).toContain('"retry":70');
    expect(silent.body()).toBe('{"error":"rate-limit"}');
    expect(told.head() + silent.head()).not.toContain('retry-after');
  });

  it('slow: answers whole, but late', async () => {
    const wire = ask(await start({ kind: 'slow', headersMs: 20, tokenMs: 5 }));
    const begun = performance.now();
    await wire.ended;
    // A timer of 20 ms may fire a fraction of a millisecond early by the other clock.
    expect(performance.now() - begun).toBeGreaterThanOrEqual(38);
    expect(wire.body()).toContain('[DONE]');
  });
});

describe('a schedule of faults', () => {
  const statusOf = async (emulator: Emulator) => {
    const response = await fetch(`${emulator.url}/ask`, { method: 'POST', body: '{"prompt":"Hi"}' });
    await response.text();
    return response.status;
  };
  const statuses = async (emulator: Emulator, count: number) => {
    const seen: number[] = [];
    for (let request = 0; request < count; request += 1) seen.push(await statusOf(emulator));
    return seen;
  };

  it('holds one fault for every request', async () => {
    expect(await statuses(await start('server-error'), 3)).toEqual([500, 500, 500]);
  });

  it('takes a list in order, and is healthy after its end', async () => {
    const emulator = await start([{ kind: 'status', status: 503 }, null, 'rate-limit']);
    expect(await statuses(emulator, 5)).toEqual([503, 200, 429, 200, 200]);
  });

  it('asks a function with the number and the request', async () => {
    const emulator = await start((number, request) =>
      number === 2 && request.body.prompt === 'Hi' ? 'server-error' : undefined,
    );
    expect(await statuses(emulator, 3)).toEqual([200, 500, 200]);
  });

  it('flaps by requests, beginning with the fault', async () => {
    expect(await statuses(await start('flap'), 4)).toEqual([500, 200, 500, 200]);
    const slow = await start({ kind: 'flap', fault: { kind: 'status', status: 503 }, down: 2, up: 3 });
    expect(await statuses(slow, 7)).toEqual([503, 503, 200, 200, 200, 503, 503]);
    expect(await statuses(await start({ kind: 'flap', fault: 'rate-limit' }), 2)).toEqual([429, 200]);
  });

  it('can be changed while it runs', async () => {
    const emulator = await start();
    expect(await statuses(emulator, 1)).toEqual([200]);
    await emulator.fault('rate-limit');
    expect(await statuses(emulator, 1)).toEqual([429]);
    await emulator.fault(null);
    expect(await statuses(emulator, 1)).toEqual([200]);
  });

  it('leaves alone what is no completion', async () => {
    const emulator = await start(['server-error']);
    expect((await fetch(`${emulator.url}/version`)).status).toBe(200);
    expect(await statuses(emulator, 2)).toEqual([500, 200]);
    await emulator.fault((number) => (number === 1 ? 'server-error' : null));
    expect((await fetch(`${emulator.url}/version`)).status).toBe(200);
    expect(await statuses(emulator, 2)).toEqual([500, 200]);
  });
});

describe('an emulator', () => {
  it('records what arrived and counts what became of it', async () => {
    const emulator = await start([null, 'server-error', null, 'hang']);
    await ask(emulator).ended;
    await ask(emulator).ended;
    await ask(emulator, { prompt: 7 }).ended;
    const wire = ask(emulator);
    await emulator.received(4);
    wire.leave();
    await emulator.requests[3]?.ended;
    expect(emulator.counters).toEqual({
      requests: 4,
      answered: 1,
      refused: 1,
      faulted: 2,
      abortedByClient: 1,
      open: 0,
      sockets: expect.any(Number) as number,
    });
    expect(emulator.requests.map(({ number, status, aborted }) => [number, status, aborted])).toEqual([
      [1, 200, false],
      [2, 500, false],
      [3, 400, false],
      [4, undefined, true],
    ]);
    expect(emulator.requests[0]).toMatchObject({
      path: '/ask',
      method: 'POST',
      body: { stream: true, prompt: 'Hi' },
    });
  });

  it('sees a client that leaves in the middle of a stream', async () => {
    const emulator = await start(undefined, { tokenDelayMs: 1, reply: { text: 'word '.repeat(5_000) } });
    const wire = ask(emulator);
    await wire.seen('word');
    wire.leave();
    expect(await emulator.requests[0]?.ended).toBe('aborted');
    expect(emulator.counters).toMatchObject({ answered: 0, abortedByClient: 1, open: 0 });
  });

  it('tells a test whose own reply function throws', async () => {
    const emulator = await start();
    emulator.reply(() => {
      throw new Error('no such reply');
    });
    const wire = ask(emulator);
    await wire.ended;
    expect(wire.head()).toContain('599');
    expect(wire.body()).toContain('no such reply');
  });

  it('answers with the question by default, and changes its reply while it runs', async () => {
    const emulator = await start(undefined, { reply: undefined as never });
    const first = ask(emulator, { prompt: 'Are you there?', stream: false });
    await first.ended;
    expect(first.body()).toContain('Are you there?');
    emulator.reply(({ number }) => `answer ${number}`);
    const second = ask(emulator, { stream: false });
    await second.ended;
    expect(second.body()).toContain('answer 2');
  });

  it('closes at once, whatever is under way, and leaves no timer behind', async () => {
    const emulator = await start({ kind: 'pings-only', everyMs: 60_000 });
    const wires = [ask(emulator), ask(emulator), ask(emulator)];
    await emulator.received(3);
    await Promise.all(wires.map((wire) => wire.seen('keep-alive')));
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    await emulator.close();
    expect(await Promise.all(emulator.requests.map((request) => request.ended))).toEqual([
      'cut',
      'cut',
      'cut',
    ]);
    expect(timers()).toBeLessThanOrEqual(before);
    expect(emulator.counters).toMatchObject({ open: 0, sockets: 0, abortedByClient: 0 });
    await emulator.close();
  });

  it('is disposed of by `await using`', async () => {
    let port: number;
    {
      await using emulator = await startEmulator(plain);
      port = emulator.port;
    }
    await expect(fetch(`http://127.0.0.1:${port}/version`)).rejects.toThrow();
  });
});

describe('what an emulator is told', () => {
  it.each([
    [
      () => openaiEmulator({ repyl: 'Hello.' } as object),
      /options\.repyl: is not known; did you mean 'reply'/,
    ],
    [() => openaiEmulator({ flavour: 'azur' } as object), /options\.flavour: .*did you mean 'azure'/],
    [() => openaiEmulator({ reply: { txt: 'Hello.' } } as object), /options\.reply\.txt: .*'text'/],
    [() => openaiEmulator({ keys: 'one' } as object), /options\.keys: expected a list/],
    [
      () => anthropicEmulator({ contextWindow: '1k' } as object),
      /options\.contextWindow: expected a whole number/,
    ],
    [() => geminiEmulator({ tokenDelayMs: -1 }), /options\.tokenDelayMs: expected a number ≥ 0/],
    [
      () => ollamaEmulator({ abilities: { llama: { tool: true } } } as object),
      /options\.abilities\.llama\.tool: /,
    ],
    [() => ollamaEmulator({ port: 70_000 }), /options\.port: expected a whole number/],
  ])('must be known: %s', async (start, message) => {
    await expect(start()).rejects.toThrow(message);
  });

  it('must be known later too', async () => {
    await using emulator = await openaiEmulator();
    expect(() => emulator.reply({ texts: [] } as object)).toThrow(/reply\.texts: .*did you mean 'text'/);
    emulator.reply(undefined);
  });
});
