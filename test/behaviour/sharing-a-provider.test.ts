import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { openai } from 'failsoft/openai';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  createRouter,
  failureError,
  logTo,
  type Failure,
  type Provider,
  type Router,
  type RouterEvent,
  type RouterOptions,
} from 'failsoft';
import { manualRuntime } from 'failsoft/testing';
import { errorOf, messages } from './arrange.ts';

type Model = 'large' | 'small' | 'tiny';
const names = ['large', 'small', 'tiny'] as const;

const refusedKey: Failure = { kind: 'auth', message: 'no such key', status: 401 };
const noQuota: Failure = { kind: 'quota', message: 'no credit left', status: 429 };
const closedPort: Failure = { kind: 'network', message: 'connection refused', code: 'connection-refused' };
const unknownHost: Failure = { kind: 'network', message: 'no such host', code: 'ENOTFOUND' };
const broken: Failure = { kind: 'server-error', message: 'broken', status: 500 };

interface Setting {
  /** Whether each model has another provider behind it. */
  readonly spare?: boolean;
  readonly answersAfterMs?: number;
}

/** One vendor with three models behind one provider object, each a model of the router; and `any`, which has all of them. */
function setUp({ spare = true, answersAfterMs = 10 }: Setting = {}) {
  const runtime = manualRuntime({ startAt: 1_000_000 });
  const wrong: Partial<Record<string, Failure>> = {};
  const asked: string[] = [];
  /** Models that answer at another pace. */
  const paceMs: Partial<Record<string, number>> = {};
  const key = { version: 1 };
  const inFlight = { now: 0, most: 0 };
  const provider: Provider = {
    name: 'vendor',
    keyVersion: () => key.version,
    setKey: () => void (key.version += 1),
    async *stream({ model, signal }) {
      asked.push(model);
      inFlight.now += 1;
      inFlight.most = Math.max(inFlight.most, inFlight.now);
      try {
        await runtime.sleep(paceMs[model] ?? answersAfterMs, signal);
      } finally {
        inFlight.now -= 1;
      }
      const failure = wrong[model];
      if (failure) throw failureError(failure);
      yield { type: 'text', text: `From ${model}.` };
      yield { type: 'finish', finishReason: 'stop' };
    },
  };
  const other: Provider = {
    name: 'other',
    async *stream() {
      yield { type: 'text', text: 'From the spare.' };
      yield { type: 'finish', finishReason: 'stop' };
    },
  };
  const events: RouterEvent[] = [];
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);
  const targetOf = (model: Model) => ({ id: model, provider, model });
  const behind = spare ? [{ id: 'spare', provider: other, model: 'other' }] : [];
  const modelsOf = (of: readonly Model[]): RouterOptions['models'] => ({
    ...Object.fromEntries(of.map((model) => [model, [targetOf(model), ...behind]])),
    any: [...of.map(targetOf), ...behind],
  });
  const optionsOf = (models: RouterOptions['models']): RouterOptions => ({
    models,
    retry: 0,
    runtime,
    observers: [(event) => void events.push(event), logTo({ info: log, warn: log, error: log })],
  });
  const router: Router = createRouter(optionsOf(modelsOf(names)));
  onTestFinished(() => expect(runtime.pending(), 'sleeps left').toBe(0));
  const request = (model: string) => ({ model, messages });
  return {
    ...{ runtime, router, wrong, asked, paceMs, key, lines, inFlight, provider },
    update: (models: RouterOptions['models']) => router.update(optionsOf(models)),
    keep: (of: readonly Model[]) => router.update(optionsOf(modelsOf(of))),
    ask: async (model: string) => (await runtime.run(() => router.complete(request(model)))).target.id,
    fail: (model: string) => runtime.run(() => errorOf(router.complete(request(model)))),
    askTogether: (model: string, count: number) =>
      runtime.run(() =>
        Promise.all(
          Array.from({ length: count }, () =>
            router.complete(request(model)).then(
              ({ target }) => target.id,
              () => 'nobody',
            ),
          ),
        ),
      ),
    plan: (model: string) => router.plan(request(model)),
    target: (model: Model) => router.health().targets[model]!,
    /** Which models were asked since it was called last. */
    newlyAsked: () => asked.splice(0),
    eventsOf: <Type extends RouterEvent['type']>(type: Type) =>
      events.filter((event): event is Extract<RouterEvent, { type: Type }> => event.type === type),
    allAre(failure: Failure | undefined) {
      for (const model of names) wrong[model] = failure;
    },
  };
}

describe.each([
  ['a refused key', refusedKey, 'key-refused', 'key'],
  ['a used-up quota', noQuota, 'quota-exhausted', 'quota'],
] as const)('%s', (_what, failure, alert, reason) => {
  it('at one model keeps all models of the provider object away, and is told once', async () => {
    const stage = setUp();
    stage.allAre(failure);
    for (const model of names) expect(await stage.ask(model)).toBe('spare');
    expect(stage.newlyAsked()).toEqual(['large']);
    expect(stage.eventsOf('alert')).toMatchObject([{ name: alert, target: 'large' }]);
    expect(stage.eventsOf('limit')).toMatchObject([
      { scope: 'provider', providerModel: 'large', targets: [...names], kind: failure.kind },
    ]);
    expect(stage.lines.filter((line) => line.includes('limit'))).toEqual([
      `failsoft limit vendor (all models, by large) spared for 60.0 s (${failure.kind})`,
    ]);
  });

  it('is named by health() and plan() for each target that is held for it', async () => {
    const stage = setUp();
    stage.allAre(failure);
    await stage.ask('large');
    const now = stage.runtime.now();
    const held = { reason, kind: failure.kind, model: 'large' };
    expect(stage.target('large')).toMatchObject({
      blockedReason: `locked out (${failure.kind})`,
      lockedOut: true,
      providerHold: { ...held, until: now + 60_000 },
    });
    expect(stage.target('small')).toMatchObject({
      blockedReason: `locked out (${failure.kind}) with its provider`,
      coolingKind: failure.kind,
      providerHold: { ...held, until: now + 30_000 },
    });
    expect(stage.plan('small').rejected).toEqual([
      { target: 'small', reason: `locked out (${failure.kind}) with its provider for another 30000 ms` },
    ]);
    expect(stage.router.health().targets['spare']).not.toHaveProperty('providerHold');
  });

  it('is tried first with those that were not refused themselves, once each, one at a time', async () => {
    const stage = setUp();
    stage.allAre(failure);
    await stage.ask('large');
    await stage.runtime.advance(30_000);
    for (let round = 0; round < 3; round += 1) for (const model of names) await stage.askTogether(model, 5);
    expect(stage.newlyAsked()).toEqual(['large', 'small', 'tiny']);
    expect(stage.inFlight.most).toBe(1);
    await stage.runtime.advance(30_000);
    for (const model of names) await stage.askTogether(model, 5);
    expect(stage.newlyAsked()).toEqual(['large']);
    expect(stage.target('tiny').providerHold?.until).toBeGreaterThan(stage.runtime.now() + 110_000);
    expect(stage.eventsOf('alert')).toHaveLength(1);
  });

  it('holds nobody any more once any model is answered', async () => {
    const stage = setUp();
    stage.allAre(failure);
    await stage.ask('large');
    stage.allAre(undefined);
    await stage.runtime.advance(30_000);
    expect(await stage.ask('small')).toBe('small');
    for (const model of names) expect(stage.target(model).blockedReason).toBeUndefined();
    expect(await stage.ask('large')).toBe('large');
  });

  it('that turns out to be the matter of one model holds that model alone from then on', async () => {
    const stage = setUp();
    stage.wrong.large = failure;
    await stage.ask('large');
    await stage.runtime.advance(30_000);
    expect(await stage.ask('small')).toBe('small');
    for (let minute = 0; minute < 30; minute += 1) {
      expect(await stage.ask('large')).toBe('spare');
      expect(await stage.ask('small')).toBe('small');
      expect(await stage.ask('tiny')).toBe('tiny');
      await stage.runtime.advance(60_000);
    }
    expect(stage.asked.filter((model) => model === 'large').length).toBeLessThanOrEqual(8);
    // Once it was answered too, it speaks for all again.
    stage.wrong.large = undefined;
    await stage.runtime.advance(600_000);
    expect(await stage.ask('large')).toBe('large');
    stage.allAre(failure);
    await stage.ask('large');
    expect(await stage.ask('small')).toBe('spare');
    expect(stage.asked.at(-1)).toBe('large');
  });

  it('costs no call where the other models would answer, and nobody else can', async () => {
    const stage = setUp({ spare: false });
    stage.wrong.large = failure;
    expect(await stage.ask('any')).toBe('small');
    expect(await stage.ask('any')).toBe('small');
    expect(await stage.ask('tiny')).toBe('tiny');
  });

  it('asks each model no more than once where nobody can serve', async () => {
    const stage = setUp({ spare: false });
    stage.allAre(failure);
    await stage.fail('any');
    expect(stage.newlyAsked()).toEqual(['large', 'small', 'tiny']);
    const error = await stage.fail('any');
    expect(error).toMatchObject({ code: 'all-targets-failed', attempts: [] });
    expect(error.retryAfterMs).toBeLessThanOrEqual(60_000);
    expect(stage.newlyAsked()).toEqual([]);
  });

  it('is forgotten for all models by rotate(), and by a key that changes by itself', async () => {
    const stage = setUp();
    for (const change of [
      () => stage.router.rotate('vendor', 'new key'),
      () => void (stage.key.version += 1),
    ]) {
      stage.allAre(failure);
      await stage.ask('large');
      stage.allAre(undefined);
      expect(await stage.ask('small')).toBe('spare');
      await change();
      for (const model of names) {
        expect(stage.target(model).providerHold).toBeUndefined();
        expect(await stage.ask(model)).toBe(model);
      }
    }
  });

  it('is tried at once with the model that is enabled, which decides for all', async () => {
    const stage = setUp();
    stage.allAre(failure);
    await stage.ask('large');
    stage.router.enable('large');
    expect(await stage.ask('small')).toBe('spare');
    expect(await stage.ask('large')).toBe('spare');
    expect(await stage.ask('large')).toBe('spare');
    expect(stage.newlyAsked()).toEqual(['large', 'large']);
    stage.allAre(undefined);
    stage.router.enable('tiny');
    expect(await stage.ask('tiny')).toBe('tiny');
    expect(await stage.ask('small')).toBe('small');
    expect(await stage.ask('large')).toBe('large');
  });

  it('outlives the model that met it, and holds one that is added', async () => {
    const stage = setUp();
    stage.allAre(failure);
    await stage.ask('small');
    stage.keep(['large', 'tiny']);
    expect(await stage.ask('large')).toBe('spare');
    expect(stage.newlyAsked()).toEqual(['small']);
    stage.keep(names);
    expect(stage.target('small').blockedReason).toMatch('with its provider');
    stage.update({ any: [{ id: 'new', provider: stage.provider, model: 'new' }] });
    expect(stage.router.health().targets['new']?.blockedReason).toMatch('with its provider');
  });
});

it.each([
  ['a key', refusedKey, 1],
  ['a host', closedPort, 2],
] as const)(
  '%s that one model is refused for costs no call to a second one while a slow third one decides',
  async (_what, failure, times) => {
    const stage = setUp({ spare: false });
    stage.wrong.large = failure;
    for (let call = 0; call < times; call += 1) await stage.fail('large');
    stage.paceMs['small'] = 9_000;
    const slow = stage.router.complete({ model: 'small', messages });
    await stage.runtime.advance(1_000);
    const together = await stage.askTogether('tiny', 2);
    expect(together).toContain('tiny');
    expect(stage.inFlight.most).toBe(2);
    await stage.runtime.advance(1_000);
    expect(await stage.ask('tiny')).toBe('tiny');
    expect((await stage.runtime.run(slow)).target.id).toBe('small');
  },
);

it('models that are enabled one after the other may each try at once', async () => {
  const stage = setUp();
  stage.wrong.large = refusedKey;
  await stage.ask('large');
  stage.wrong.large = undefined;
  stage.router.enable('large');
  stage.router.enable('small');
  expect(await stage.ask('large')).toBe('large');
});

it('a model that is enabled while nothing is held is exempt from no later hold', async () => {
  const stage = setUp();
  stage.router.enable('large');
  stage.allAre(refusedKey);
  await stage.ask('small');
  expect(await stage.ask('large')).toBe('spare');
  expect(stage.newlyAsked()).toEqual(['small']);
});

it('a quota that one model has to wait a day for keeps the others away for no longer than a minute', async () => {
  const stage = setUp();
  stage.wrong.large = { ...noQuota, retryAfterMs: 86_400_000 };
  await stage.ask('large');
  await stage.runtime.advance(59_000);
  expect(await stage.ask('small')).toBe('spare');
  await stage.runtime.advance(1_000);
  expect(await stage.ask('small')).toBe('small');
  expect(await stage.ask('large')).toBe('spare');
});

it('a model that was asked before the others were held, and was refused too, waits as long as the first', async () => {
  const stage = setUp();
  stage.allAre(refusedKey);
  const calls = (['large', 'small'] as const).map((model) => stage.ask(model));
  expect(await Promise.all(calls)).toEqual(['spare', 'spare']);
  expect(stage.target('small').coolingUntil).toBe(stage.target('large').coolingUntil);
  expect(stage.target('tiny').coolingUntil).toBeLessThan(stage.target('large').coolingUntil!);
});

it('a host that is held is told of where all models but one were taken away', async () => {
  const stage = setUp();
  stage.allAre(closedPort);
  await stage.ask('large');
  await stage.ask('small');
  stage.keep(['small']);
  expect(stage.target('small')).toMatchObject({
    blockedReason: 'provider unreachable (network)',
    providerHold: { reason: 'host' },
  });
});

it('a quota of one model, where the vendor says so, holds that model alone', async () => {
  const stage = setUp();
  stage.wrong.large = { ...noQuota, scope: 'model' };
  expect(await stage.ask('large')).toBe('spare');
  expect(await stage.ask('small')).toBe('small');
  expect(stage.eventsOf('limit')).toMatchObject([{ targets: ['large'] }]);
  expect(stage.eventsOf('limit')[0]?.scope).toBeUndefined();
});

it('a rate limit of one model holds that model alone', async () => {
  const stage = setUp();
  stage.wrong.large = { kind: 'rate-limit', message: 'slow down', status: 429, retryAfterMs: 10_000 };
  expect(await stage.ask('large')).toBe('spare');
  expect(await stage.ask('small')).toBe('small');
});

describe('a host that cannot be reached', () => {
  it('is found out by two refused connections, whichever models they were meant for', async () => {
    const stage = setUp();
    stage.allAre(closedPort);
    for (const model of [...names, ...names]) expect(await stage.ask(model)).toBe('spare');
    expect(stage.newlyAsked()).toEqual(['large', 'small']);
    expect(stage.eventsOf('breaker')).toMatchObject([
      {
        ...{ scope: 'provider', provider: 'vendor', providerModel: 'small', targets: [...names] },
        ...{ from: 'closed', to: 'open', reason: 'unreachable: connection-refused' },
        openUntil: stage.target('large').providerHold?.until,
      },
    ]);
    expect(stage.target('tiny')).toMatchObject({
      breaker: 'closed',
      blockedReason: 'provider unreachable (network)',
      providerHold: { reason: 'host', kind: 'network', model: 'small' },
    });
    expect(stage.lines.find((line) => line.includes('breaker'))).toMatch(
      /^failsoft breaker vendor \(all models, by small\) closed → open for \d\.\d s \(unreachable: connection-refused\)$/,
    );
  });

  it('is found out by five names that were not found, or certificates that were not trusted', async () => {
    const stage = setUp();
    stage.allAre(unknownHost);
    stage.wrong.tiny = { kind: 'network', message: 'not trusted', code: 'CERT_HAS_EXPIRED' };
    for (let round = 0; round < 5; round += 1) for (const model of names) await stage.ask(model);
    expect(stage.newlyAsked()).toHaveLength(5);
    expect(stage.target('large').blockedReason).toBe('provider unreachable (network)');
  });

  it('is not found out where any model is answered between, if only by a refusal', async () => {
    for (const answer of [undefined, { kind: 'bad-request' as const, message: 'no', status: 400 }]) {
      const stage = setUp();
      stage.wrong.large = closedPort;
      stage.wrong.small = answer;
      await stage.ask('large');
      await (answer ? stage.fail('small') : stage.ask('small'));
      await stage.ask('large');
      expect(stage.target('tiny').blockedReason).toBeUndefined();
      expect(stage.eventsOf('breaker').filter(({ scope }) => scope)).toEqual([]);
    }
  });

  it('is asked by one attempt at a time, after 7 s, then 14, then 20', async () => {
    const stage = setUp();
    stage.allAre(closedPort);
    await stage.ask('large');
    await stage.ask('large');
    stage.newlyAsked();
    const spans: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      const until = Math.max(...names.map((model) => stage.target(model).providerHold?.until ?? 0));
      spans.push(until - stage.runtime.now());
      await stage.runtime.advance(until - stage.runtime.now());
      for (const model of names) await stage.askTogether(model, 5);
      expect(stage.inFlight.most).toBe(1);
    }
    // Up to a quarter shorter, so that processes do not ask together.
    [7_000, 14_000, 20_000, 20_000].forEach((ms, index) => {
      expect(spans[index]).toBeLessThanOrEqual(ms);
      expect(spans[index]).toBeGreaterThan(ms * 0.74);
    });
  });

  it('is back for all models with the first answer of any', async () => {
    const stage = setUp();
    stage.allAre(closedPort);
    await stage.ask('large');
    await stage.ask('large');
    expect(stage.target('large').breaker).toBe('open');
    stage.allAre(undefined);
    await stage.runtime.advance(3_500);
    expect(await stage.ask('tiny')).toBe('tiny');
    expect(stage.target('small').blockedReason).toBeUndefined();
    // Its own breaker was open for the same reason: it is probed at once.
    expect(stage.target('large').breaker).toBe('half-open');
    expect(await stage.ask('large')).toBe('large');
    expect(stage.eventsOf('breaker').filter(({ scope }) => scope)).toMatchObject([
      { to: 'open' },
      { from: 'open', to: 'half-open' },
      { from: 'half-open', to: 'closed', reason: 'it was reached' },
    ]);
  });

  it('is not taken for the matter of a model that was never asked, where nobody else can serve', async () => {
    const stage = setUp({ spare: false });
    stage.wrong.large = closedPort;
    expect(await stage.askTogether('any', 2)).toContain('small');
    expect(await stage.ask('any')).toBe('small');
    expect(stage.target('tiny').blockedReason).toBeUndefined();
  });

  it('is the matter of one model from then on, where another one was answered meanwhile', async () => {
    const stage = setUp();
    stage.wrong.large = closedPort;
    await stage.ask('large');
    await stage.ask('large');
    expect(await stage.ask('small')).toBe('spare');
    await stage.runtime.advance(3_500);
    expect(await stage.ask('small')).toBe('small');
    for (let second = 0; second < 120; second += 1) {
      await stage.ask('large');
      await stage.runtime.advance(1_000);
    }
    expect(await stage.ask('small')).toBe('small');
  });

  it('gives its probe back where it decides nothing', async () => {
    const stage = setUp({ answersAfterMs: 100 });
    stage.allAre(closedPort);
    await stage.ask('large');
    await stage.ask('large');
    stage.allAre(undefined);
    await stage.runtime.advance(3_500);
    const leaving = new AbortController();
    const left = stage.runtime.run(() =>
      errorOf(stage.router.complete({ model: 'tiny', messages }, { signal: leaving.signal })),
    );
    leaving.abort();
    await left;
    expect(await stage.ask('small')).toBe('small');
  });

  it('is asked again within 2 s while nobody else can serve, and by one call only', async () => {
    const stage = setUp({ spare: false });
    stage.allAre(closedPort);
    for (let call = 0; call < 3; call += 1) await stage.fail('any');
    stage.newlyAsked();
    for (let second = 0; second < 60; second += 1) {
      await stage.askTogether('any', 5);
      await stage.runtime.advance(1_000);
    }
    expect(stage.asked.length).toBeLessThanOrEqual(31);
    stage.allAre(undefined);
    const from = stage.runtime.now();
    while (!(await stage.askTogether('any', 1)).includes('large')) await stage.runtime.advance(250);
    expect(stage.runtime.now() - from).toBeLessThanOrEqual(5_000);
  });

  it('is the matter of its breaker alone where it has but one model', async () => {
    const stage = setUp();
    stage.keep(['large']);
    stage.allAre(closedPort);
    for (let call = 0; call < 5; call += 1) await stage.ask('large');
    expect(stage.eventsOf('breaker')).toHaveLength(1);
    expect(stage.target('large')).toMatchObject({ breaker: 'open', blockedReason: 'circuit open' });
    expect(stage.target('large')).not.toHaveProperty('providerHold');
  });

  it('is probed at once with the model that is enabled', async () => {
    const stage = setUp();
    stage.allAre(closedPort);
    await stage.ask('large');
    await stage.ask('large');
    stage.allAre(undefined);
    stage.router.enable('small');
    expect(await stage.ask('tiny')).toBe('spare');
    expect(await stage.ask('small')).toBe('small');
    expect(await stage.ask('tiny')).toBe('tiny');
  });
});

it('two models of one OpenAI client at a closed port are found out together, over real sockets', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const provider = openai({ apiKey: 'a key', baseURL: `http://127.0.0.1:${port}/v1` });
  const target = (model: string) => ({ id: model, provider, model });
  const router = createRouter({
    models: { large: [target('gpt-5.2')], small: [target('gpt-5.2-mini')] },
    retry: 0,
  });
  const ask = (model: 'large' | 'small') => errorOf(router.complete({ model, messages }));
  expect(await ask('large')).toMatchObject({ failure: { code: 'connection-refused' } });
  expect(await ask('small')).toMatchObject({ failure: { code: 'connection-refused' } });
  for (const model of ['large', 'small'] as const) {
    const { attempts, rejected } = await ask(model);
    expect(attempts).toEqual([]);
    expect(rejected[0]?.reason).toMatch('provider unreachable (network)');
  }
  await router.close();
});

describe('models that go down together', () => {
  /** How many calls it takes to open the breaker of a model. */
  async function callsToOpen(stage: ReturnType<typeof setUp>, model: Model): Promise<number> {
    for (let call = 0; call < 20; call += 1) {
      if (stage.target(model).breaker !== 'closed') return call;
      await stage.ask(model);
      await stage.runtime.advance(1_000);
    }
    return Infinity;
  }

  async function twoDown(spacedMs = 0) {
    const stage = setUp();
    stage.wrong.large = stage.wrong.small = broken;
    await callsToOpen(stage, 'large');
    await stage.runtime.advance(spacedMs);
    await callsToOpen(stage, 'small');
    return stage;
  }

  it('make a failure of the third one weigh more', async () => {
    const stage = await twoDown();
    stage.wrong.tiny = broken;
    expect(await callsToOpen(stage, 'tiny')).toBe(2);
    const alone = setUp();
    alone.wrong.tiny = broken;
    expect(await callsToOpen(alone, 'tiny')).toBe(5);
  });

  it('leave the third one alone while it answers', async () => {
    const stage = await twoDown();
    for (let call = 0; call < 60; call += 1) {
      expect(await stage.ask('tiny')).toBe('tiny');
      expect(stage.target('tiny')).toMatchObject({ breaker: 'closed', share: 1 });
      await stage.runtime.advance(500);
    }
  });

  it('say nothing of the third one once it has answered ten times in a row, or after a minute', async () => {
    const answering = await twoDown();
    for (let call = 0; call < 10; call += 1) await answering.ask('tiny');
    answering.wrong.tiny = broken;
    expect(await callsToOpen(answering, 'tiny')).toBe(5);
    const waiting = await twoDown();
    await waiting.runtime.advance(60_000);
    waiting.wrong.tiny = broken;
    expect(await callsToOpen(waiting, 'tiny')).toBe(5);
  });

  it('say nothing where one went down half a minute after the other, or sends what is no answer', async () => {
    const late = await twoDown(30_000);
    late.wrong.tiny = broken;
    expect(await callsToOpen(late, 'tiny')).toBe(5);
    const garbage = setUp();
    garbage.wrong.large = garbage.wrong.small = { kind: 'invalid-response', message: 'not JSON' };
    await callsToOpen(garbage, 'large');
    await callsToOpen(garbage, 'small');
    garbage.wrong.tiny = broken;
    expect(await callsToOpen(garbage, 'tiny')).toBe(5);
  });
});
