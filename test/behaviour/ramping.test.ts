import { expect, it } from 'vitest';
import type { FailureKind } from 'failsoft';
import type { Script } from 'failsoft/testing';
import { arrange, question, type Stage } from './arrange.ts';

/** A vendor that takes so many a second, holds as many, and refuses the rest at once. */
function bucket(perSecond: number, kind: FailureKind, now: () => number): () => Script {
  let level = perSecond;
  let at: number | undefined;
  return () => {
    level = Math.min(perSecond, level + ((now() - (at ?? now())) * perSecond) / 1000);
    at = now();
    const script: Script =
      level < 1
        ? [{ waitMs: 50 }, { fail: { kind, message: 'too many' } }]
        : [{ waitMs: 500 }, { text: 'Yes.' }];
    if (level >= 1) level -= 1;
    return script;
  };
}

/** Ten calls a second, for so long; who answered them. */
async function load(stage: Stage<string>, seconds: number): Promise<string[]> {
  const answers: Promise<string>[] = [];
  for (let call = 0; call < seconds * 10; call += 1) {
    const answer = stage.router.complete(question).then(
      ({ target }) => target.id,
      () => 'nobody',
    );
    answers.push(answer);
    await stage.runtime.advance(100);
  }
  await stage.runtime.advance(5_000);
  return Promise.all(answers);
}

const refusals = ({ eventsOf }: Stage<string>, id: string) =>
  eventsOf('attempt').filter(({ attempt }) => attempt.target === id && attempt.failure).length;

it.each(['rate-limit', 'overloaded'] as const)(
  'a target that refuses some for their number (%s) keeps what it takes, and others have the rest, with few refusals',
  async (kind) => {
    let now = () => 0;
    const stage = arrange({ a: bucket(5, kind, () => now()), b: 'From b.' });
    now = () => stage.runtime.now();
    const answers = await load(stage, 60);
    const byA = answers.filter((id) => id === 'a').length;
    expect(byA).toBeGreaterThan(60 * 4);
    expect(answers.filter((id) => id === 'nobody')).toEqual([]);
    expect(refusals(stage, 'a') / (byA + refusals(stage, 'a'))).toBeLessThan(0.07);
    expect(stage.eventsOf('breaker')).toEqual([]);
    const [told] = stage.eventsOf('limit');
    expect(told).toMatchObject({ kind, targets: ['a'] });
    expect(told?.perSecond).toBeGreaterThan(2);
  },
);

it('a target with room is never ramped: the first call that moves to it goes at once, and so do all others', async () => {
  const stage = arrange({ a: [[{ fail: 'server-error' }]], b: [[{ waitMs: 500 }, { text: 'From b.' }]] });
  expect(new Set(await load(stage, 10))).toEqual(new Set(['b']));
  expect(stage.eventsOf('limit')).toEqual([]);
});

it('where a switch of all calls passes what the next target takes, the one after it has the rest', async () => {
  let now = () => 0;
  const stage = arrange({
    a: [[{ fail: 'network' }]],
    b: bucket(6, 'rate-limit', () => now()),
    c: [[{ waitMs: 500 }, { text: 'From c.' }]],
  });
  now = () => stage.runtime.now();
  const answers = await load(stage, 60);
  const byB = answers.filter((id) => id === 'b').length;
  expect(byB).toBeGreaterThan(60 * 4.8);
  expect(byB + answers.filter((id) => id === 'c').length).toBe(600);
  expect(refusals(stage, 'b')).toBeLessThan(600 * 0.05);
});

it('a target that refuses everybody is down, whatever it calls that', async () => {
  const stage = arrange({ a: [[{ waitMs: 500 }, { text: 'From a.' }]], b: 'From b.' });
  await load(stage, 10);
  stage.providers.a.script([[{ waitMs: 50 }, { fail: 'overloaded' }]]);
  await load(stage, 2);
  expect(stage.eventsOf('breaker').map(({ to }) => to)).toContain('open');
  expect(refusals(stage, 'a')).toBeLessThanOrEqual(8);
});

it('the only target left answers what it takes; a call beyond that learns at once when to come again', async () => {
  let now = () => 0;
  const stage = arrange({ a: bucket(4, 'rate-limit', () => now()) }, { retry: 0 });
  now = () => stage.runtime.now();
  const answers = await load(stage, 60);
  expect(answers.filter((id) => id === 'a').length).toBeGreaterThan(60 * 3.2);
  expect(refusals(stage, 'a')).toBeLessThan(60 * 4 * 0.1);
  const [, second] = await Promise.allSettled([stage.ask(), stage.fail()]);
  if (second.status === 'fulfilled') expect(second.value.retryAfterMs).toBeLessThanOrEqual(500);
});

it('enable() ends a ramp', async () => {
  let now = () => 0;
  const stage = arrange({ a: bucket(5, 'rate-limit', () => now()), b: 'From b.' });
  now = () => stage.runtime.now();
  await load(stage, 5);
  expect(stage.router.health().targets['a']?.ramp?.perSecond).toBeGreaterThan(1);
  stage.router.enable('a');
  expect(stage.router.health().targets['a']?.ramp).toBeUndefined();
});

/** A vendor that sheds a share of its load, by chance. */
function byChance(share: number, kind: FailureKind): () => Script {
  let state = 7;
  const random = () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
  return () =>
    random() < share
      ? [{ waitMs: 50 }, { fail: { kind, message: 'too many' } }]
      : [{ waitMs: 500 }, { text: 'Yes.' }];
}

it.each(['rate-limit', 'overloaded'] as const)(
  'a target that refuses a share of its requests whatever their number (%s) is not asked less and less',
  async (kind) => {
    const stage = arrange({ a: byChance(0.2, kind) }, { retry: 0 });
    const answers = await load(stage, 120);
    expect(answers.filter((id) => id === 'a').length).toBeGreaterThan(1200 * 0.6);
    expect(answers.slice(300).filter((id) => id === 'a').length).toBeGreaterThan(900 * 0.6);
  },
);

it('refusals that the rate does not explain are evidence: others get the calls', async () => {
  const stage = arrange({ a: byChance(0.2, 'overloaded'), b: 'From b.' });
  const answers = await load(stage, 120);
  expect(answers).not.toContain('nobody');
  expect(answers.slice(600).filter((id) => id === 'b').length).toBeGreaterThan(600 * 0.8);
});

it('a limit that begins while refusals come by chance is found all the same', async () => {
  let now = () => 0;
  const chance = byChance(0.2, 'rate-limit');
  const limited = bucket(3, 'rate-limit', () => now());
  const stage = arrange({ a: () => (now() < 60_000 ? chance() : limited()), b: 'From b.' });
  const start = stage.runtime.now();
  now = () => stage.runtime.now() - start;
  await load(stage, 60);
  const before = refusals(stage, 'a');
  const answers = await load(stage, 120);
  const byA = answers.filter((id) => id === 'a').length;
  expect(byA).toBeGreaterThan(120 * 1.5);
  expect((refusals(stage, 'a') - before) / (byA + refusals(stage, 'a') - before)).toBeLessThan(0.25);
});
