import { describe, expect, it } from 'vitest';
import type { FailureKind, Provider } from 'failsoft';
import type { ScriptedProvider, ScriptSource } from 'failsoft/testing';
import { arrange, decisionsOf, failing, question, settleNow } from './arrange.ts';

const hinted = (kind: FailureKind, retryAfterMs?: number) => ({
  kind,
  message: 'not now',
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});

describe('a rate limit', () => {
  it('cools its target until Retry-After, and no call comes early', async () => {
    const stage = arrange({ a: failing(1, hinted('rate-limit', 20_000)), b: 'From b.' });
    await stage.ask();
    for (let second = 0; second < 20; second += 1) {
      expect((await stage.ask()).target.id).toBe('b');
      await stage.runtime.advance(second < 19 ? 1_000 : 999);
    }
    expect(stage.providers.a.calls).toHaveLength(1);
    await stage.runtime.advance(1);
    expect((await stage.ask()).target.id).toBe('a');
  });

  it.each([
    [1_000, 60_000],
    [60_000, 1_000],
  ])('that overlaps another holds until the later of the two (%i, %i)', async (first, second) => {
    const stage = arrange({
      a: [
        [{ waitMs: 10 }, { fail: hinted('rate-limit', first) }],
        [{ waitMs: 10 }, { fail: hinted('rate-limit', second) }],
        'From a.',
      ],
      b: 'From b.',
    });
    await stage.runtime.run(Promise.all([stage.router.complete(question), stage.router.complete(question)]));
    expect(stage.router.health().targets['a']).toMatchObject({
      coolingUntil: 1_000_010 + 60_000,
      coolingKind: 'rate-limit',
    });
    await stage.runtime.advance(59_999);
    expect((await stage.ask()).target.id).toBe('b');
    await stage.runtime.advance(1);
    expect((await stage.ask()).target.id).toBe('a');
  });

  it('without a hint is spared for about a second, and longer each time', async () => {
    const stage = arrange({ a: [{ fail: 'rate-limit' }], b: 'From b.' });
    const pauses: number[] = [];
    for (let limit = 0; limit < 4; limit += 1) {
      await stage.ask();
      const until = stage.router.health().targets['a']!.coolingUntil!;
      pauses.push(until - stage.runtime.now());
      await stage.runtime.advance(until - stage.runtime.now());
    }
    [1_000, 2_000, 4_000, 8_000].forEach((step, index) => {
      expect(pauses[index]).toBeLessThanOrEqual(step);
      expect(pauses[index]).toBeGreaterThanOrEqual(step * 0.75);
    });
  });

  it('of all targets ends the call at once, with the soonest time', async () => {
    const stage = arrange({
      a: [{ fail: hinted('rate-limit', 30_000) }],
      b: [{ fail: hinted('rate-limit', 45_000) }],
    });
    const first = await stage.fail();
    expect(first).toMatchObject({ code: 'all-targets-failed', retryAfterMs: 30_000 });
    await stage.runtime.advance(10_000);
    const second = await stage.fail();
    expect(second).toMatchObject({ code: 'all-targets-failed', attempts: [], retryAfterMs: 20_000 });
    expect(second.rejected.map(({ target }) => target)).toEqual(['a', 'b']);
    expect(stage.router.health().models['chat']?.state).toBe('down');
    expect(second.toPublic()).toMatchObject({ status: 503, retryable: true, retryAfterMs: 20_000 });
  });

  it('ends when an operator says so', async () => {
    const stage = arrange({ a: failing(1, hinted('rate-limit', 3_600_000)), b: 'From b.' });
    await stage.ask();
    stage.router.enable('a');
    expect((await stage.ask()).target.id).toBe('a');
  });

  it('is told to the observers, and counts not as a fault', async () => {
    const stage = arrange({ a: [{ fail: hinted('rate-limit', 5_000) }], b: 'From b.' });
    await stage.ask();
    expect(stage.eventsOf('limit')).toEqual([
      expect.objectContaining({ kind: 'rate-limit', targets: ['a'], until: 1_005_000 }),
    ]);
    expect(stage.router.health().targets['a']?.breaker).toBe('closed');
  });
});

describe.each(['quota', 'auth'] as const)('a target without %s', (kind) => {
  it('is held for 60 s, growing to 10 min, and then asked exactly once at a time', async () => {
    const stage = arrange({ a: [{ waitMs: 5 }, { fail: kind }], b: 'From b.' });
    await stage.ask();
    for (const seconds of [60, 120, 240, 480, 600, 600]) {
      const asked = stage.providers.a.calls.length;
      const until = stage.router.health().targets['a']!.coolingUntil!;
      expect(until - stage.runtime.now()).toBe(seconds * 1_000);
      expect(stage.router.health().targets['a']).toMatchObject({ coolingKind: kind, lockedOut: true });
      await stage.runtime.advance(seconds * 1_000 - 1);
      await stage.ask();
      expect(stage.providers.a.calls).toHaveLength(asked);
      await stage.runtime.advance(1);
      await stage.runtime.run(Promise.all(Array.from({ length: 10 }, () => stage.router.complete(question))));
      expect(stage.providers.a.calls).toHaveLength(asked + 1);
    }
    expect(stage.eventsOf('breaker')).toEqual([]);
  });

  it('comes back with the first answer', async () => {
    const stage = arrange({ a: failing(1, kind), b: 'From b.' });
    await stage.ask();
    await stage.runtime.advance(60_000);
    expect((await stage.ask()).target.id).toBe('a');
    expect(stage.router.health().targets['a']).not.toHaveProperty('lockedOut');
    expect((await stage.ask()).target.id).toBe('a');
  });

  it('is held for as long as a stated reset says, shorter or longer', async () => {
    for (const retryAfterMs of [5_000, 7_200_000]) {
      const stage = arrange({ a: failing(1, hinted(kind, retryAfterMs)), b: 'From b.' });
      await stage.ask();
      expect(stage.router.health().targets['a']?.coolingUntil).toBe(1_000_000 + retryAfterMs);
    }
  });

  it('is told of once by an alert, not at every refused attempt', async () => {
    const stage = arrange({ a: [{ waitMs: 5 }, { fail: kind }], b: 'From b.' });
    await stage.runtime.run(Promise.all(Array.from({ length: 5 }, () => stage.router.complete(question))));
    await stage.runtime.advance(60_000);
    await stage.ask();
    expect(stage.eventsOf('alert')).toEqual([
      expect.objectContaining({ name: kind === 'quota' ? 'quota-exhausted' : 'key-refused', target: 'a' }),
    ]);
  });

  it('comes back at once by enable()', async () => {
    const stage = arrange({ a: failing(1, kind), b: 'From b.' });
    await stage.ask();
    stage.router.enable('a');
    expect((await stage.ask()).target.id).toBe('a');
  });

  it('is asked by nobody as a last resort: the call ends with the time of its reset', async () => {
    const stage = arrange({ a: [{ fail: kind }] });
    await stage.fail();
    const error = await stage.fail();
    expect(error).toMatchObject({ code: 'all-targets-failed', attempts: [], retryAfterMs: 60_000 });
    expect(stage.providers.a.calls).toHaveLength(1);
  });
});

/** A provider with a key that can be changed and fetched, as those made from settings have. */
function keyed(script: ScriptSource, refresh: () => Promise<string | undefined> | string | undefined) {
  const state = { key: 'key-1', version: 0, fetched: 0 };
  const set = (key: string | undefined) => {
    if (key === undefined || key === state.key) return false;
    state.key = key;
    state.version += 1;
    return true;
  };
  return {
    state,
    script,
    wrap: (provider: ScriptedProvider): Provider => ({
      ...provider,
      keyVersion: () => state.version,
      secrets: () => [state.key],
      setKey: (key) => void set(key),
      async refreshKey() {
        state.fetched += 1;
        return set(await refresh());
      },
    }),
  };
}

const refused = { kind: 'auth' as const, message: 'invalid key', status: 401 };

describe('a refused key', () => {
  it('is fetched anew once, and the same target is asked again at once, beside the retries', async () => {
    const a = keyed(failing(1, refused), () => 'key-2');
    const stage = arrange({ a, b: 'From b.' });
    const reply = await stage.ask({}, { retry: 0 });
    expect(decisionsOf(reply)).toEqual(['a retry', 'a answer']);
    expect(reply.latencyMs).toBe(0);
    expect(a.state.fetched).toBe(1);
    expect(stage.eventsOf('key')).toEqual([expect.objectContaining({ provider: 'a', action: 'refreshed' })]);
    expect(stage.eventsOf('alert')).toEqual([]);
    expect(stage.router.health().targets['a']).not.toHaveProperty('lockedOut');
  });

  it('that is refused again after that locks the target out, and the call moves on', async () => {
    let number = 1;
    const a = keyed([{ fail: refused }], () => `key-${(number += 1)}`);
    const stage = arrange({ a, b: 'From b.' });
    expect(decisionsOf(await stage.ask())).toEqual(['a retry', 'a next', 'b answer']);
    expect(a.state.fetched).toBe(1);
    expect(stage.router.health().targets['a']).toMatchObject({ lockedOut: true, coolingKind: 'auth' });
  });

  it.each([
    ['gives the same key', () => 'key-1'],
    ['gives none', () => undefined],
    ['fails', () => Promise.reject(new Error('vault is sealed'))],
  ])('is locked out at once where its function %s', async (_what, refresh) => {
    const a = keyed([{ fail: refused }], refresh);
    const stage = arrange({ a, b: 'From b.' });
    expect(decisionsOf(await stage.ask())).toEqual(['a next', 'b answer']);
    expect(stage.router.health().targets['a']?.lockedOut).toBe(true);
    expect(stage.eventsOf('alert')).toHaveLength(1);
  });

  it('does not hold the call for longer than 10 s, or than the call may last, where its function hangs', async () => {
    const hang = () => new Promise<string>(() => {});
    const stage = arrange({ a: keyed([{ fail: refused }], hang), b: 'From b.' });
    expect((await stage.ask()).latencyMs).toBe(10_000);
    const hurried = arrange({ a: keyed([{ fail: refused }], hang) });
    await hurried.fail({}, { timeouts: { totalMs: 3_000 } });
    expect(hurried.runtime.now()).toBe(1_003_000);
  });

  it('is not asked for again by a stream either, which sees nothing of it', async () => {
    const stage = arrange({ a: keyed(failing(1, refused), () => 'key-2') });
    const stream = stage.stream();
    expect((await stage.runtime.run(stream.completion)).text).toBe('Better now.');
  });

  it('is forgotten with the lockout as soon as the key changes by itself', async () => {
    const a = keyed(failing(1, refused), () => undefined);
    const stage = arrange({ a, b: 'From b.' });
    await stage.ask();
    expect((await stage.ask()).target.id).toBe('b');
    a.state.version += 1;
    expect((await stage.ask()).target.id).toBe('a');
  });

  it('is replaced by rotate(), which ends the lockout at once', async () => {
    const a = keyed(failing(1, refused), () => undefined);
    const stage = arrange({ a, b: 'From b.' });
    await stage.ask();
    await stage.router.rotate('a', 'key-9');
    expect(a.state.key).toBe('key-9');
    expect((await stage.ask()).target.id).toBe('a');
    expect(stage.eventsOf('key').at(-1)).toMatchObject({ provider: 'a', action: 'rotated' });
  });

  it('is never retried with the same key: no attempt is made but the one', async () => {
    const stage = arrange({ a: [{ fail: refused }] });
    const error = await stage.fail({}, { retry: 5 });
    expect(error.attempts).toHaveLength(1);
    expect(error.toPublic().message).toBe('The service is not set up correctly.');
  });

  it('holds one call up, not those that the other target can answer', async () => {
    const a = keyed([{ waitMs: 1 }, { fail: refused }], () => undefined);
    const stage = arrange({ a, b: 'From b.' });
    const calls = Promise.all(Array.from({ length: 5 }, () => stage.router.complete(question)));
    const replies = await stage.runtime.run(calls);
    expect(replies.every(({ target }) => target.id === 'b')).toBe(true);
    await settleNow(stage);
  });
});
