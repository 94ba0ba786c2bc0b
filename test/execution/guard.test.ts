import { describe, expect, it } from 'vitest';
import { manualRuntime } from 'failsoft/testing';
import type { ProviderEvent } from '../../src/providers/provider.ts';
import { createDeadline } from '../../src/execution/deadline.ts';
import { guard, maxReplyCharacters, maxReplyEvents, type GuardInput } from '../../src/execution/guard.ts';

const finish = { type: 'finish', finishReason: 'stop' } as const;
const text = (value: string) => ({ type: 'text', text: value }) as const;
const later = { firstTokenMs: 1_000, patienceMs: 1_000, idleMs: 500, attemptMs: Infinity };

type Step = ProviderEvent | { readonly waitMs: number };
type Given = Partial<GuardInput> & { readonly events?: Iterable<Step>; readonly whole?: unknown };

/** One guarded attempt at a provider that says these events. */
function setUp({ events = [], whole, ...more }: Given) {
  const runtime = manualRuntime();
  const controller = new AbortController();
  const seen: string[] = [];
  const counts = { unregistered: 0, asked: 0 };
  async function* stream() {
    counts.asked += 1;
    for (const event of events)
      if ('waitMs' in event) await runtime.sleep(event.waitMs);
      else yield event;
  }
  const complete = whole === undefined ? undefined : async () => whole as ProviderEvent[];
  const run = () =>
    guard({
      provider: { name: 'acme', stream, complete },
      call: { model: 'm', request: { messages: [] }, signal: controller.signal, headers: {} },
      abort: (reason) => controller.abort(reason),
      transport: 'stream',
      deadlines: {
        ...later,
        callDeadline: createDeadline(runtime, runtime.now(), Infinity),
        history: undefined,
      },
      runtime,
      onEvent: ({ type }) => void seen.push(type),
      onEnd() {},
      onCut: () => () => void (counts.unregistered += 1),
      ...more,
    });
  return { run: () => runtime.run(run), runtime, signal: controller.signal, seen, counts };
}

describe('a guarded attempt', () => {
  it('ends with the provider’s finish, hears nothing after it, and leaves the request to run out', async () => {
    const { run, seen, signal, runtime, counts } = setUp({ events: [text('Hi'), finish, text('more')] });
    expect(await run()).toEqual({ ok: true });
    expect(seen).toEqual(['text', 'finish']);
    expect(signal.aborted).toBe(false);
    expect(counts.unregistered).toBe(1);
    expect(runtime.pending()).toBe(0);
  });

  it('fails where the reply runs out before its finish, and closes the request', async () => {
    const { run, signal } = setUp({ events: [text('Hi')] });
    expect(await run()).toMatchObject({
      ok: false,
      failure: {
        kind: 'invalid-response',
        code: 'truncated',
        message: 'the reply ended before it was complete',
      },
    });
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toMatchObject({ message: 'the reply ended before it was complete' });
  });

  it('closes the request with the cause, where there is one', async () => {
    const cause = new Error('disconnected');
    const provider = { name: 'acme', stream: () => Promise.reject(cause) as never };
    const { run, signal } = setUp({ provider });
    expect(await run()).toMatchObject({ ok: false, cause });
    expect(signal.reason).toBe(cause);
  });

  it('takes a whole reply where that is the transport, and a stream where the provider has nothing else', async () => {
    const whole = setUp({ transport: 'unary', whole: [text('Hi'), finish] });
    expect(await whole.run()).toEqual({ ok: true });
    expect(whole.counts.asked).toBe(0);
    const streamed = setUp({ transport: 'unary', events: [text('Hi'), finish] });
    expect(await streamed.run()).toEqual({ ok: true });
    expect(streamed.counts.asked).toBe(1);
  });

  it('is not sent where it is cut before it begins', async () => {
    const failure = { kind: 'aborted', message: 'gone' } as const;
    const counts = { off: 0 };
    const { run, counts: asked } = setUp({
      onCut: (cut) => {
        cut(failure, 'why');
        return () => void (counts.off += 1);
      },
    });
    expect(await run()).toEqual({ ok: false, failure, cause: 'why' });
    expect(asked.asked).toBe(0);
    expect(counts.off).toBe(1);
  });

  it('ends once: what comes after a cut changes nothing', async () => {
    let cut: Parameters<GuardInput['onCut']>[0] = () => {};
    const failure = { kind: 'aborted', message: 'gone' } as const;
    const { run, seen, counts } = setUp({
      events: [text('Hi'), text('more'), finish],
      onEvent: () => {
        seen.push('event');
        cut(failure, undefined);
        cut({ kind: 'timeout', message: 'late' }, undefined);
      },
      onCut: (given) => {
        cut = given;
        return () => void (counts.unregistered += 1);
      },
    });
    expect(await run()).toEqual({ ok: false, failure, cause: undefined });
    expect(seen).toEqual(['event']);
    expect(counts.unregistered).toBe(1);
  });
});

describe('the silence of a guarded attempt', () => {
  it('is ended by content of any kind, and not by facts or empty text', async () => {
    const delta = { type: 'tool-call-delta', id: '1', name: 'look', delta: '{' } as const;
    const kinds: ProviderEvent[] = [
      text('Hi'),
      { type: 'reasoning', text: 'Hm' },
      delta,
      { type: 'activity' },
    ];
    const events = kinds.flatMap((kind) => [{ waitMs: 400 }, kind]);
    expect(await setUp({ events: [...events, { waitMs: 400 }, finish] }).run()).toEqual({ ok: true });
    for (const nothing of [text(''), { type: 'reasoning', text: '' }, { type: 'meta' }] as ProviderEvent[]) {
      const silent = [text('Hi'), { waitMs: 400 }, nothing, { waitMs: 400 }, finish];
      expect(await setUp({ events: silent }).run()).toMatchObject({
        ok: false,
        failure: { kind: 'timeout' },
        callDeadline: false,
      });
    }
  });
});

describe('a reply that is too long', () => {
  const characters = 'x'.repeat(maxReplyCharacters);
  const tooLong = {
    ok: false,
    failure: {
      kind: 'invalid-response',
      code: 'too-long',
      message: 'the reply is longer than 33554432 characters or 2000000 events',
    },
  };

  it('is one of more characters than permitted, in text, reasoning and fragments of tool calls together', async () => {
    const delta = { type: 'tool-call-delta', id: '1', name: 'look', delta: 'x' } as const;
    expect(await setUp({ events: [text(characters), finish] }).run()).toEqual({ ok: true });
    expect(await setUp({ events: [text(characters), delta, finish] }).run()).toMatchObject(tooLong);
    expect(
      await setUp({ events: [text('x'), { type: 'reasoning', text: characters }, finish] }).run(),
    ).toMatchObject(tooLong);
  });

  it('is one of more events than permitted', async () => {
    const whole = (count: number) =>
      Array.from({ length: count }, (_, index) => (index === count - 1 ? finish : { type: 'activity' }));
    const run = (count: number) =>
      setUp({ transport: 'unary', whole: whole(count), onEvent: () => {} }).run();
    expect(await run(maxReplyEvents)).toEqual({ ok: true });
    expect(await run(maxReplyEvents + 1)).toMatchObject(tooLong);
  });
});
