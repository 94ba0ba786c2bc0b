import { describe, expect, it } from 'vitest';
import { arrange, decisionsOf, question, read, type Part, type Stage } from './arrange.ts';

const quick = [{ waitMs: 300 }, { text: 'From' }, { waitMs: 200 }, { text: ' a.' }];
const others: Part = { script: [{ waitMs: 200 }, { text: 'From b.' }] };
const targetOf = (stage: Stage<string>, id = 'a') => stage.router.health().targets[id]!;

/** A primary with a minute of healthy history beside another target. */
async function known(script = quick, options = {}) {
  const stage = arrange({ a: script, b: others }, options);
  for (let call = 0; call < 120; call += 1) {
    await stage.ask();
    await stage.runtime.advance(500);
  }
  return stage;
}

/** Calls that begin at a steady rate. */
async function begin(stage: Stage<'a' | 'b'>, calls: number, everyMs: number) {
  const replies = [];
  for (let call = 0; call < calls; call += 1) {
    replies.push(stage.router.complete(question));
    await stage.runtime.advance(everyMs);
  }
  return replies;
}

describe('a primary that hangs', () => {
  it('is left within two seconds, though no deadline has passed', async () => {
    const stage = await known();
    stage.providers.a.script([{ hang: true }]);
    const asked = stage.providers.a.calls.length;
    const replies = await begin(stage, 60, 50);
    expect(stage.providers.a.calls.length - asked).toBeLessThan(40);
    for (const reply of await stage.runtime.run(Promise.all(replies))) {
      expect(reply.target.id).toBe('b');
      expect(reply.latencyMs).toBeLessThan(2_500);
    }
    expect(stage.eventsOf('breaker')[0]).toMatchObject({ from: 'closed', to: 'open' });
  });

  it('is named in the failure, with what led to it', async () => {
    const stage = await known();
    stage.providers.a.script([{ hang: true }]);
    const [first] = await stage.runtime.run(Promise.all(await begin(stage, 40, 50)));
    expect(decisionsOf(first!)).toEqual(['a next', 'b answer']);
    expect(first!.attempts[0]!.failure).toMatchObject({ kind: 'timeout', code: 'first-token' });
    expect(first!.attempts[0]!.failure!.message).toMatch(
      /^no first content within \d+ ms: the target is suspected of hanging, \d+ attempts are silent$/,
    );
  });

  it('is suspected before its breaker opens, and asked again once content has come', async () => {
    const stage = await known();
    stage.providers.a.script([{ waitMs: 900 }, { text: 'From a.' }]);
    const replies = await begin(stage, 34, 25);
    expect(targetOf(stage)).toMatchObject({
      breaker: 'closed',
      blockedReason: expect.stringMatching('hanging'),
    });
    await stage.runtime.advance(900);
    expect(targetOf(stage).blockedReason).toBeUndefined();
    await stage.runtime.run(Promise.all(replies));
    expect(stage.eventsOf('breaker')).toEqual([]);
  });

  it('costs one call alone five seconds at most', async () => {
    const stage = await known();
    stage.providers.a.script([{ hang: true }]);
    const reply = await stage.ask();
    expect(reply.attempts[0]!.durationMs).toBeGreaterThanOrEqual(5_000);
    expect(reply.attempts[0]!.durationMs).toBeLessThan(6_000);
    expect(reply.attempts[0]!.failure!.message).toMatch(/99 of 100 took at most \d+ ms in health/);
  });

  it('is never given longer than configured', async () => {
    const stage = await known(quick, { timeouts: { firstTokenMs: 800 } });
    stage.providers.a.script([{ hang: true }]);
    expect((await stage.ask()).attempts[0]!.durationMs).toBe(800);
  });

  it('is waited for where nobody else can take over', async () => {
    const stage = await known();
    stage.providers.a.script([{ waitMs: 8_000 }, { text: 'From a.' }]);
    stage.router.disable('b');
    expect((await stage.ask()).attempts).toHaveLength(1);
  });

  it('is given all its time where little is known of it', async () => {
    const stage = arrange({ a: 'From a.', b: others });
    for (let call = 0; call < 40; call += 1) await stage.ask();
    stage.providers.a.script([{ hang: true }]);
    expect((await stage.ask()).attempts[0]!.durationMs).toBe(10_000);
  });

  it.each([
    ['that thinks', { reasoning: { effort: 'high' as const } }, 120_000],
    ['with a long prompt', { messages: [{ role: 'user' as const, content: 'x'.repeat(70_000) }] }, 10_000],
  ])('is given all its time by a request %s', async (_, request, ms) => {
    const stage = await known();
    stage.providers.a.script([{ hang: true }]);
    expect((await stage.ask(request)).attempts[0]!.durationMs).toBe(ms);
  });

  it('is neither suspected nor cut by idle time', async () => {
    const stage = await known();
    await stage.runtime.advance(3_600_000);
    expect(targetOf(stage)).toMatchObject({ breaker: 'closed', share: 1 });
    expect(targetOf(stage).blockedReason).toBeUndefined();
    expect((await stage.ask()).target.id).toBe('a');
  });
});

describe('a primary that stalls in the middle', () => {
  it('is left within seconds, and calls move on that have shown nothing', async () => {
    const stage = await known();
    stage.providers.a.script([{ waitMs: 300 }, { text: 'From' }, { hang: true }]);
    const replies = await stage.runtime.run(Promise.all(await begin(stage, 80, 50)));
    for (const reply of replies) expect(reply.latencyMs).toBeLessThan(5_500);
    expect(replies[0]!.attempts[0]!.failure).toMatchObject({ code: 'idle' });
    expect(stage.eventsOf('breaker')[0]).toMatchObject({ to: 'open' });
  });

  it('is waited for as configured where a reader has seen the beginning and there is no recovery', async () => {
    const stage = await known();
    stage.providers.a.script([{ text: 'From' }, { waitMs: 9_000 }, { text: ' a.' }]);
    const { error } = await stage.runtime.run(read(stage.stream()));
    expect(error).toBeUndefined();
  });
});

describe('a primary that is slow', () => {
  it('loses its share though each of its answers comes', async () => {
    const stage = await known();
    stage.providers.a.script([{ waitMs: 3_000 }, { text: 'From a.' }]);
    for (let call = 0; call < 30; call += 1) await stage.ask();
    expect(targetOf(stage).share).toBeLessThan(0.2);
    expect(targetOf(stage).shareReason).toMatch('of its calls fail or are slow');
  });

  it('is accepted as it is now after some minutes', async () => {
    const stage = await known();
    stage.providers.a.script([{ waitMs: 2_000 }, { text: 'From a.' }]);
    for (let call = 0; call < 1_200; call += 1) {
      await stage.ask();
      await stage.runtime.advance(500);
    }
    expect(targetOf(stage)).toMatchObject({ breaker: 'closed', share: 1 });
  });
});
