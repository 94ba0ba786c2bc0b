import { afterEach, describe, expect, it, vi } from 'vitest';
import { createRouter, failureError, type Provider, type RouterEvent } from 'failsoft';
import { manualRuntime } from 'failsoft/testing';
import { keyRing, type ApiKey } from '../../src/providers/keys.ts';

const request = { messages: [{ role: 'user', content: 'Hello there' }] } as const;

/** A vendor that takes one key, over the key ring that the real providers use. */
function setUp(apiKey: ApiKey, accepted: string) {
  const runtime = manualRuntime();
  const vendor = { accepted, asked: [] as string[] };
  const providerWith = (source: ApiKey): Provider => {
    const ring = keyRing(source);
    return {
      name: 'vendor',
      async *stream() {
        const key = await ring.get();
        vendor.asked.push(key);
        await runtime.sleep(10);
        if (key !== vendor.accepted)
          throw failureError({ kind: 'auth', message: `no such key: ${key}`, status: 401 });
        yield { type: 'text', text: 'Hello.' };
        yield { type: 'finish', finishReason: 'stop' };
      },
      refreshKey: ring.refresh,
      setKey: (key) => ring.set(key),
      withKey: providerWith,
      keyVersion: () => ring.version(),
      secrets: () => ring.secrets(),
    };
  };
  const provider = providerWith(apiKey);
  const events: RouterEvent[] = [];
  const router = createRouter({
    models: { chat: [{ id: 'vendor', provider, model: 'm' }] },
    observers: [(event) => void events.push(event)],
    runtime,
  });
  return { runtime, vendor, router, events, ask: () => runtime.run(router.complete(request)) };
}

it('a key stays where something else than the key is the matter', async () => {
  let fetched = 0;
  const runtime = manualRuntime();
  const ring = keyRing(() => `key-${(fetched += 1)}`);
  const provider: Provider = {
    name: 'vendor',
    async *stream() {
      await ring.get();
      yield { type: 'text', text: 'Hel' };
      throw failureError({ kind: 'server-error', message: 'broken', status: 500 });
    },
    refreshKey: ring.refresh,
    keyVersion: () => ring.version(),
  };
  const router = createRouter({ models: { chat: [{ provider, model: 'm' }] }, runtime });
  await expect(runtime.run(router.complete(request))).rejects.toMatchObject({ code: 'all-targets-failed' });
  expect(fetched).toBe(1);
});

describe('a key that is refused', () => {
  it('is fetched anew once, and the same target is asked again at once', async () => {
    const keys = ['old-key', 'new-key'];
    const { vendor, ask, events } = setUp(() => keys.shift() ?? 'new-key', 'new-key');
    const reply = await ask();
    expect(reply.text).toBe('Hello.');
    expect(reply.attempts.map(({ decision }) => decision)).toEqual(['retry', 'answer']);
    expect(vendor.asked).toEqual(['old-key', 'new-key']);
    expect(events.filter(({ type }) => type === 'key')).toMatchObject([{ action: 'refreshed' }]);
    expect(events.filter(({ type }) => type === 'alert' || type === 'limit')).toEqual([]);
  });

  it('is fetched anew once for all calls that it was refused to', async () => {
    let fetched = 0;
    const { runtime, vendor, router } = setUp(() => (fetched++ === 0 ? 'old-key' : 'new-key'), 'new-key');
    const replies = Promise.all(Array.from({ length: 20 }, () => router.complete(request)));
    expect((await runtime.run(replies)).every(({ text }) => text === 'Hello.')).toBe(true);
    expect(fetched).toBe(2);
    expect(vendor.asked.filter((key) => key === 'old-key')).toHaveLength(20);
    expect(router.health().targets['vendor']!.lockedOut).toBeUndefined();
  });

  it('and has no successor locks the target out, with one alert, and no further call is made with it', async () => {
    const { runtime, vendor, router, ask, events } = setUp('bad-key', 'good-key');
    await expect(ask()).rejects.toMatchObject({ code: 'all-targets-failed', failure: { kind: 'auth' } });
    await expect(ask()).rejects.toMatchObject({
      code: 'all-targets-failed',
      attempts: [],
      retryAfterMs: expect.any(Number),
    });
    expect(vendor.asked).toHaveLength(1);
    expect(events.filter(({ type }) => type === 'alert')).toMatchObject([
      { name: 'key-refused', target: 'vendor' },
    ]);
    expect(JSON.stringify(events)).not.toContain('bad-key');
    // After a minute one attempt finds out, and its refusal locks it out for longer.
    await runtime.advance(60_001);
    await expect(ask()).rejects.toMatchObject({ attempts: [{ failure: { kind: 'auth' } }] });
    await runtime.advance(60_001);
    await expect(ask()).rejects.toMatchObject({ attempts: [] });
    expect(router.health().models['chat']!.state).toBe('down');
  });

  it('is told by a limit and an alert alone where it is a string: nothing could be fetched', async () => {
    const { runtime, router, ask, events } = setUp('bad-key', 'good-key');
    await expect(ask()).rejects.toMatchObject({ failure: { kind: 'auth' } });
    await runtime.run(router.probe());
    const types = events.map(({ type }) => type);
    expect(types).toContain('alert');
    expect(types).not.toContain('key');
  });

  it('by a probe is told without a call', async () => {
    const { runtime, router, events } = setUp(() => 'bad-key', 'good-key');
    await runtime.run(router.probe());
    expect(events).toMatchObject([
      { type: 'key', action: 'refused' },
      { type: 'limit' },
      { type: 'alert' },
      { type: 'probe' },
    ]);
    for (const event of events) expect(event).not.toHaveProperty('callId');
  });

  it('is asked again with the one that rotate() has set meanwhile', async () => {
    const { runtime, vendor, router, events } = setUp('old-key', 'new-key');
    const reply = router.complete(request);
    await runtime.advance(1);
    await router.rotate('vendor', 'new-key');
    expect((await runtime.run(reply)).text).toBe('Hello.');
    expect(vendor.asked).toEqual(['old-key', 'new-key']);
    expect(events.filter(({ type }) => type === 'limit' || type === 'alert')).toEqual([]);
  });

  it('is forgiven at once by rotate, which the calls after it use', async () => {
    const { vendor, router, ask } = setUp('bad-key', 'good-key');
    await expect(ask()).rejects.toMatchObject({ code: 'all-targets-failed' });
    await router.rotate('vendor', 'good-key');
    expect((await ask()).text).toBe('Hello.');
    expect(vendor.asked).toEqual(['bad-key', 'good-key']);
  });

  it('stays the old one where rotate was asked to verify and the new one is refused', async () => {
    const { runtime, router, ask, events } = setUp('good-key', 'good-key');
    const rotated = runtime.run(router.rotate('vendor', 'typo-key', { verify: true }));
    await expect(rotated).rejects.toThrow('the new key was refused, and the old one stays');
    expect((await ask()).text).toBe('Hello.');
    // The key in use was not refused, and nobody says so.
    expect(events.filter(({ type }) => type === 'key' || type === 'alert' || type === 'limit')).toEqual([]);
    await runtime.run(router.rotate('vendor', 'good-key', { verify: true }));
    await expect(router.rotate('nobody', 'x')).rejects.toThrow("no target has the provider 'nobody'");
  });

  it('and was never in use leaves the next key to the function', async () => {
    const keys = ['first from the vault', 'second from the vault'];
    const { runtime, vendor, router, ask } = setUp(() => keys.shift()!, 'first from the vault');
    await ask();
    const rotated = runtime.run(router.rotate('vendor', 'typo-key', { verify: true }));
    await expect(rotated).rejects.toThrow('the old one stays');
    vendor.accepted = 'second from the vault';
    await ask();
    expect(vendor.asked).toEqual([
      'first from the vault',
      'typo-key',
      'first from the vault',
      'second from the vault',
    ]);
  });

  it('gives way to a later one that was quicker: verified late, it replaces nothing', async () => {
    const { runtime, vendor, router, ask, events } = setUp('old-key', 'verified-key');
    const verified = router.rotate('vendor', 'verified-key', { verify: true });
    await router.rotate('vendor', 'later-key');
    await expect(runtime.run(verified)).rejects.toThrow('a later rotate() was quicker');
    vendor.accepted = 'later-key';
    expect((await ask()).text).toBe('Hello.');
    expect(events.filter(({ type }) => type === 'key')).toMatchObject([{ action: 'rotated' }]);
    // Of two that are both verified, the later one stays too.
    const earlier = router.rotate('vendor', 'later-key', { verify: true });
    const later = router.rotate('vendor', 'last-key', { verify: true });
    vendor.accepted = 'last-key';
    await expect(runtime.run(Promise.all([earlier, later]))).rejects.toThrow('the old one stays');
    await ask();
    expect(vendor.asked.at(-1)).toBe('last-key');
  });

  it('is verified by no router that is closed', async () => {
    const { vendor, router } = setUp('old-key', 'new-key');
    await router.close();
    await expect(router.rotate('vendor', 'new-key', { verify: true })).rejects.toMatchObject({
      code: 'closed',
    });
    expect(vendor.asked).toEqual([]);
  });

  it.each([{}, { verify: true }])(
    'goes to one provider object: by a name that several share it goes to none, %o',
    async (options) => {
      const own = (): Provider => ({ name: 'openai', complete: vi.fn(async () => []), setKey: vi.fn() });
      const [here, there] = [own(), own()];
      here.withKey = there.withKey = vi.fn(own);
      const models = {
        chat: [
          { id: 'here', provider: here, model: 'm' },
          { id: 'here too', provider: here, model: 'n' },
          { id: 'there', provider: there, model: 'm' },
        ],
      };
      const router = createRouter({ models, runtime: manualRuntime() });
      await expect(router.rotate('openai', 'new-key', options)).rejects.toMatchObject({
        code: 'bad-request',
        message: "2 providers are named 'openai': hand in the provider object, or give each a `name`",
      });
      for (const { setKey, withKey, complete } of [here, there])
        for (const method of [setKey, withKey, complete]) expect(method).not.toHaveBeenCalled();
      await router.rotate(here, 'new-key');
      expect(here.setKey).toHaveBeenCalledExactlyOnceWith('new-key');
      expect(there.setKey).not.toHaveBeenCalled();
      router.update({ models: { chat: models.chat.slice(0, 2) } });
      await router.rotate('openai', 'newer-key');
      expect(here.setKey).toHaveBeenLastCalledWith('newer-key');
    },
  );

  it.each([
    ['setKey', {}],
    ['withKey', { verify: true }],
  ] as const)('is a bad request, without the key in it, where %s throws', async (method, options) => {
    const thrown = new Error('the vault has no room for new-key');
    const provider: Provider = {
      name: 'own',
      complete: async () => [],
      setKey() {},
      withKey: () => provider,
    };
    provider[method] = () => {
      throw thrown;
    };
    const router = createRouter({ models: { chat: [{ provider, model: 'm' }] } });
    await expect(router.rotate('own', 'new-key', options)).rejects.toMatchObject({
      name: 'RouterError',
      code: 'bad-request',
      message: "'own' did not take the new key: the vault has no room for [redacted]",
      cause: thrown,
    });
  });

  it('is not verified by a provider that has no way to, and nothing changes', async () => {
    const setKey = vi.fn();
    const provider: Provider = { name: 'own', complete: async () => [], setKey };
    const router = createRouter({ models: { chat: [{ provider, model: 'm' }] } });
    await expect(router.rotate('own', 'new-key', { verify: true })).rejects.toMatchObject({
      code: 'bad-request',
      message: expect.stringContaining('it has no withKey()') as string,
    });
    expect(setKey).not.toHaveBeenCalled();
    await router.rotate('own', 'new-key');
    expect(setKey).toHaveBeenCalledExactlyOnceWith('new-key');
  });

  it('or a function that fails, is a failure of that target alone, and says why', async () => {
    const { ask } = setUp(() => Promise.reject(new Error('the vault is sealed')), 'good-key');
    await expect(ask()).rejects.toMatchObject({
      failure: { kind: 'auth', message: expect.stringContaining('the vault is sealed') as string },
    });
  });
});

it('a key that is set while another one is fetched stays', async () => {
  let settle: (key: string) => void = () => {};
  const ring = keyRing(() => new Promise<string>((resolve) => (settle = resolve)));
  const fetched = ring.get();
  ring.set('rotated-key');
  settle('old-key');
  await fetched;
  expect(ring.get()).toBe('rotated-key');
});

describe('a key function that never settles', () => {
  afterEach(() => void vi.useRealTimers());

  it('is asked anew by a call that comes 10 s later, and what it says after that changes nothing', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    let settle: (key: string) => void = () => {};
    let fetched = 0;
    const ring = keyRing(() =>
      fetched++ === 0 ? new Promise<string>((resolve) => (settle = resolve)) : 'second-key',
    );
    const first = ring.get();
    vi.setSystemTime(Date.now() + 9_999);
    void ring.get();
    expect(fetched).toBe(1);
    vi.setSystemTime(Date.now() + 1);
    expect(await ring.get()).toBe('second-key');
    settle('first-key');
    expect(await first).toBe('first-key');
    expect(ring.get()).toBe('second-key');
    expect(fetched).toBe(2);
  });
});
