import { describe, expect, it } from 'vitest';
import { logTo } from 'failsoft';
import { arrange, question, type Stage } from './arrange.ts';

/** One call in eight fails there: too many for health, too few for a breaker. */
const brown = Array.from({ length: 400 }, (_, call) =>
  call % 8 === 7 ? [{ fail: 'server-error' as const }] : 'From a.',
);

async function ask(stage: Stage<'a' | 'b'>, calls: number) {
  for (let call = 0; call < calls; call += 1) {
    await stage.ask();
    await stage.runtime.advance(100);
  }
}

describe('a target that loses share, while its breaker stays closed', () => {
  it('is told of once when it has lost half, and once when it has about all of it again, by the next call', async () => {
    const stage = arrange({ a: brown, b: 'From b.' });
    await ask(stage, 200);
    const told = { type: 'share', provider: 'a', providerModel: 'model-of-a', targets: ['a'] };
    expect(stage.eventsOf('share')).toEqual([
      {
        ...told,
        at: expect.any(Number),
        from: 1,
        to: expect.any(Number),
        reason: 'too many of its calls fail or are slow',
      },
    ]);
    const lost = stage.eventsOf('share')[0]!;
    expect(lost.to).toBeLessThanOrEqual(0.5);
    stage.providers.a.script(['From a.']);
    await stage.runtime.advance(600_000);
    expect(stage.eventsOf('share')).toHaveLength(1);
    await ask(stage, 20);
    expect(stage.eventsOf('share').slice(1)).toEqual([
      {
        ...told,
        at: expect.any(Number),
        from: lost.to,
        to: 1,
        reason: 'few enough of its calls fail',
      },
    ]);
    expect(stage.eventsOf('breaker')).toEqual([]);
  });

  it('is named by plan() with its share and why', async () => {
    const stage = arrange({ a: brown, b: 'From b.' });
    expect(stage.router.plan(question).order[0]).toEqual({ id: 'a', provider: 'a', model: 'model-of-a' });
    await ask(stage, 200);
    const { order, rejected } = stage.router.plan(question);
    const { share } = stage.router.health().targets['a']!;
    expect(rejected).toEqual([]);
    expect(order.find(({ id }) => id === 'a')).toEqual({
      id: 'a',
      provider: 'a',
      model: 'model-of-a',
      share,
      shareReason: 'too many of its calls fail or are slow',
    });
    expect(share).toBeLessThan(0.5);
  });

  it('is a line of logTo', async () => {
    const lines: string[] = [];
    const write = (level: string) => (line: string) => void lines.push(`${level} ${line}`);
    const sink = { info: write('info'), warn: write('warn'), error: write('error') };
    const stage = arrange({ a: brown, b: 'From b.' }, { observers: [logTo(sink)] });
    await ask(stage, 200);
    expect(lines.filter((line) => line.includes('failsoft share '))).toEqual([
      expect.stringMatching(
        /^warn failsoft share a\/model-of-a 1 → 0\.\d+ \(too many of its calls fail or are slow\)$/,
      ),
    ]);
  });

  it('is not told of in slow start, whose share the breaker tells of', async () => {
    const stage = arrange({ a: [{ fail: 'network' }], b: 'From b.' });
    await ask(stage, 20);
    stage.providers.a.script(['From a.']);
    await stage.runtime.advance(20_000);
    await ask(stage, 200);
    expect(stage.router.health().targets['a']).toMatchObject({ breaker: 'closed', share: 1 });
    expect(stage.eventsOf('share')).toEqual([]);
  });
});
