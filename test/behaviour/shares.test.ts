import { describe, expect, it } from 'vitest';
import { arrange, question, read } from './arrange.ts';

function weighted(weights: Readonly<Record<string, number | undefined>>) {
  return arrange(
    Object.fromEntries(
      Object.entries(weights).map(([id, weight]) => [
        id,
        { script: `From ${id}.`, ...(weight === undefined ? {} : { target: { weight } }) },
      ]),
    ),
  );
}

function counts(ids: readonly string[]): Record<string, number> {
  return ids.reduce<Record<string, number>>((sums, id) => ({ ...sums, [id]: (sums[id] ?? 0) + 1 }), {});
}

describe('weights', () => {
  it('5, 3 and 2 are 50, 30 and 20 of any 100 calls', async () => {
    const stage = weighted({ a: 5, b: 3, c: 2 });
    const served: string[] = [];
    for (let call = 0; call < 330; call += 1) served.push((await stage.ask()).target.id);
    for (let from = 0; from + 100 <= served.length; from += 1) {
      expect(counts(served.slice(from, from + 100))).toEqual({ a: 50, b: 30, c: 20 });
    }
  });

  it('hold for streams and whole replies together, and for 100 at once', async () => {
    const stage = weighted({ a: 5, b: 3, c: 2 });
    const calls = Array.from({ length: 100 }, (_, index) =>
      index % 2 === 0 ? stage.router.complete(question) : stage.stream().completion,
    );
    const replies = await stage.runtime.run(Promise.all(calls));
    expect(counts(replies.map(({ target }) => target.id))).toEqual({ a: 50, b: 30, c: 20 });
  });

  it('hold for streams alone', async () => {
    const stage = weighted({ a: 5, b: 3, c: 2 });
    const served: string[] = [];
    for (let call = 0; call < 100; call += 1) {
      const { events } = await stage.runtime.run(read(stage.stream()));
      served.push(events[0]?.type === 'start' ? events[0].target.id : 'nobody');
    }
    expect(counts(served)).toEqual({ a: 50, b: 30, c: 20 });
  });

  it('are spread, not served in a row', async () => {
    const stage = weighted({ a: 5, b: 1, c: 1 });
    const served: string[] = [];
    for (let call = 0; call < 7; call += 1) served.push((await stage.ask()).target.id);
    expect(served.join('')).toBe('aabacaa');
  });

  it('of whole numbers of any size, and of parts, are kept to within one call', async () => {
    for (const weights of [
      { a: 70, b: 20, c: 9, d: 1 },
      { a: 0.5, b: 0.25, c: 0.25 },
      { a: 3, b: 3, c: 1 },
    ]) {
      const stage = weighted(weights);
      const served: string[] = [];
      for (let call = 0; call < 100; call += 1) served.push((await stage.ask()).target.id);
      const sum = Object.values(weights).reduce((one, other) => one + other);
      for (const [id, weight] of Object.entries(weights))
        expect(Math.abs((counts(served)[id] ?? 0) - (weight / sum) * 100)).toBeLessThanOrEqual(1);
    }
  });

  it('are 1 for those who state none beside a sibling that does', async () => {
    const stage = weighted({ a: 2, b: undefined });
    const served: string[] = [];
    for (let call = 0; call < 30; call += 1) served.push((await stage.ask()).target.id);
    expect(counts(served)).toEqual({ a: 20, b: 10 });
  });

  it('that nobody states leave the order as listed', async () => {
    const stage = weighted({ a: undefined, b: undefined });
    for (let call = 0; call < 10; call += 1) expect((await stage.ask()).target.id).toBe('a');
  });

  it('of 0 stand after all siblings, and serve all the same when those fail', async () => {
    const stage = weighted({ spare: 0, a: 1 });
    for (let call = 0; call < 10; call += 1) expect((await stage.ask()).target.id).toBe('a');
    stage.providers['a']!.script([{ fail: 'network' }]);
    expect((await stage.ask()).target.id).toBe('spare');
  });

  it('of 0 alone are served as listed', async () => {
    const stage = weighted({ a: 0, b: 0 });
    expect((await stage.ask()).target.id).toBe('a');
    stage.router.disable('a');
    expect((await stage.ask()).target.id).toBe('b');
  });

  it('count among those of one priority only', async () => {
    const stage = arrange({
      spare: { script: 'x', target: { weight: 1000, priority: 1 } },
      a: { script: 'x', target: { weight: 1 } },
      b: { script: 'x', target: { weight: 1 } },
    });
    const served: string[] = [];
    for (let call = 0; call < 10; call += 1) served.push((await stage.ask()).target.id);
    expect(counts(served)).toEqual({ a: 5, b: 5 });
  });

  it('are shared out anew among those who can serve, while one cannot', async () => {
    const stage = weighted({ a: 5, b: 3, c: 2 });
    stage.router.disable('a');
    const served: string[] = [];
    for (let call = 0; call < 100; call += 1) served.push((await stage.ask()).target.id);
    expect(counts(served)).toEqual({ b: 60, c: 40 });
  });

  it('are of first attempts: where a call moves on to changes no share', async () => {
    const stage = weighted({ a: 5, b: 3, c: 2 });
    stage.providers['c']!.script([{ fail: 'permission' }]);
    const asked: string[] = [];
    for (let call = 0; call < 100; call += 1) asked.push((await stage.ask()).attempts[0]!.target);
    expect(counts(asked)).toEqual({ a: 50, b: 30, c: 20 });
  });
});

describe('several models', () => {
  it('are manual routes, each with its own shares over the same targets', async () => {
    const stage = arrange({ a: 'x', b: 'x' });
    const target = (id: 'a' | 'b', weight: number) => ({
      id,
      provider: stage.providers[id],
      model: 'm',
      weight,
    });
    stage.router.update({
      models: { mostly: [target('a', 4), target('b', 1)], evenly: [target('a', 1), target('b', 1)] },
    });
    const served: Record<string, string[]> = { mostly: [], evenly: [] };
    for (let call = 0; call < 100; call += 1) {
      for (const model of ['mostly', 'evenly']) served[model]!.push((await stage.ask({ model })).target.id);
    }
    expect(counts(served['mostly']!)).toEqual({ a: 80, b: 20 });
    expect(counts(served['evenly']!)).toEqual({ a: 50, b: 50 });
  });
});

describe('targets of a call', () => {
  it('limit who may serve, whatever the weights and priorities', async () => {
    const stage = arrange({
      a: { script: 'x', target: { weight: 9 } },
      b: { script: 'From b.', target: { weight: 1 } },
      spare: { script: 'From spare.', target: { priority: 5 } },
    });
    expect((await stage.ask({}, { targets: ['b'] })).target.id).toBe('b');
    expect((await stage.ask({}, { targets: ['spare'] })).target.id).toBe('spare');
    stage.providers.b.script([{ fail: 'network' }]);
    expect((await stage.ask({}, { targets: ['b', 'spare'] })).target.id).toBe('spare');
    const error = await stage.fail({}, { targets: ['b'], retry: 0 });
    expect(error.rejected.map(({ reason }) => reason)).toEqual(['not in targets', 'not in targets']);
  });

  it('must be known', async () => {
    const stage = arrange({ gpt: 'x' });
    const error = await stage.fail({}, { targets: ['gtp'] });
    expect(error.code).toBe('bad-request');
    expect(error.message).toContain("did you mean 'gpt'?");
  });
});

describe('plan()', () => {
  it('explains who would serve and who would not, and asks nobody', () => {
    const stage = arrange({
      a: { script: 'x', target: { weight: 1 } },
      b: { script: 'x', target: { weight: 3 } },
      spare: { script: 'x', target: { priority: 1 } },
      blind: { script: 'x', target: { supports: { images: false } } },
      off: 'x',
    });
    stage.router.disable('off', { reason: 'maintenance' });
    const image = { type: 'image' as const, data: new Uint8Array([1]), mediaType: 'image/png' };
    expect(stage.router.plan({ messages: [{ role: 'user', content: [image] }] })).toEqual({
      order: [
        { id: 'b', provider: 'b', model: 'model-of-b' },
        { id: 'a', provider: 'a', model: 'model-of-a' },
        { id: 'spare', provider: 'spare', model: 'model-of-spare' },
      ],
      rejected: [
        { target: 'blind', reason: 'takes no images' },
        { target: 'off', reason: 'disabled: maintenance' },
      ],
    });
    expect(Object.values(stage.providers).flatMap(({ calls }) => calls)).toEqual([]);
    expect(stage.eventsOf('call')).toEqual([]);
  });

  it('changes nothing: shares are the same, however often it is asked', async () => {
    const served: string[][] = [[], []];
    for (const [index, plans] of [0, 7].entries()) {
      const stage = weighted({ a: 5, b: 3, c: 2 });
      for (let call = 0; call < 50; call += 1) {
        for (let count = 0; count < plans; count += 1) stage.router.plan(question);
        const promised = stage.router.plan(question).order[0]?.id;
        const { target } = await stage.ask();
        expect(target.id).toBe(promised);
        served[index]!.push(target.id);
      }
    }
    expect(served[1]).toEqual(served[0]);
  });

  it('says for how long a target is spared', async () => {
    const stage = arrange({
      a: [{ fail: { kind: 'rate-limit', message: 'slow', retryAfterMs: 12_000 } }],
      b: 'x',
    });
    await stage.ask();
    expect(stage.router.plan(question).rejected).toEqual([
      { target: 'a', reason: 'cooling down (rate-limit) for another 12000 ms' },
    ]);
  });
});
