import { expect, it } from 'vitest';
import type { Provider } from 'failsoft';
import { arrange, messages, type Stage } from './arrange.ts';

/** A vendor that takes so many a second and says beside each answer how many it would take now. */
function telling(
  stage: () => Stage<string>,
  { perSecond, burst }: { perSecond: number; burst: number },
): Provider {
  const seen = { level: burst, at: 0, refused: 0 };
  return {
    name: 'a',
    async *stream({ signal }) {
      const { runtime } = stage();
      const now = runtime.now();
      seen.level = Math.min(burst, seen.level + ((now - (seen.at || now)) * perSecond) / 1000);
      seen.at = now;
      if (seen.level < 1) throw Object.assign(new Error('too many'), { status: 429, retryAfterMs: 20_000 });
      seen.level -= 1;
      const requestsResetMs = now + ((burst - seen.level) * 1000) / perSecond;
      const requestsRemaining = Math.floor(seen.level);
      await runtime.sleep(500, signal);
      yield { type: 'meta', limits: { requestsLimit: burst, requestsRemaining, requestsResetMs } };
      yield { type: 'text', text: 'From a.' };
      yield { type: 'finish', finishReason: 'stop' };
    },
    classify: () => ({ kind: 'rate-limit', message: 'too many', retryAfterMs: 20_000 }),
  };
}

async function load(stage: Stage<string>, calls: number): Promise<string[]> {
  const answers: Promise<string>[] = [];
  for (let call = 0; call < calls; call += 1) {
    answers.push(
      stage.router.complete({ messages: [{ role: 'user', content: 'Hi' }] }).then(({ target }) => target.id),
    );
    await stage.runtime.advance(100);
  }
  await stage.runtime.advance(2_000);
  return Promise.all(answers);
}

function withVendor(limits: { perSecond: number; burst: number }, others: Readonly<Record<string, string>>) {
  const holder: { stage?: Stage<string> } = {};
  const wrap = () => telling(() => holder.stage as Stage<string>, limits);
  holder.stage = arrange<string>({ a: { script: 'From a.', wrap }, ...others });
  return holder.stage;
}

it('what a vendor says of its limits steers: it is asked for what it takes, and never refuses', async () => {
  const stage = withVendor({ perSecond: 5, burst: 60 }, { b: 'From b.' });
  const answers = await load(stage, 600);
  expect(stage.eventsOf('attempt').filter(({ attempt }) => attempt.failure)).toEqual([]);
  const late = answers.slice(300).filter((id) => id === 'a').length;
  expect(late / 30).toBeGreaterThan(4);
  expect(late / 30).toBeLessThan(6);
  const { vendorLimits } = stage.router.health().targets['a']!;
  expect(vendorLimits?.requests).toMatchObject({ limit: 60 });
  expect(vendorLimits?.requests?.remaining).toBeLessThan(20);
});

it('who has nobody else asks all the same', async () => {
  const stage = withVendor({ perSecond: 5, burst: 20 }, {});
  expect(await load(stage, 20)).toEqual(Array.from({ length: 20 }, () => 'a'));
});

it('what a vendor says of its limits is told by health(), and nothing that is no limit', async () => {
  const limits = { requestsLimit: 60, requestsRemaining: 7, requestsResetMs: 1_060_000 };
  const stage = arrange({
    a: [{ event: { type: 'meta', limits } }, { text: 'Hi' }],
    b: [{ event: { type: 'meta', requestId: 'r' } }, { text: 'Hi' }],
  });
  await stage.ask({}, { targets: ['a'] });
  await stage.ask({}, { targets: ['b'] });
  const { a, b } = stage.router.health().targets;
  expect(a?.vendorLimits?.requests).toMatchObject({ limit: 60, remaining: 7 });
  expect(b?.vendorLimits).toBeUndefined();
});

it('a target whose vendor leaves it little has a smaller share, and health() says why', async () => {
  const limits = { requestsLimit: 60, requestsRemaining: 3, requestsResetMs: 1_060_000 };
  const stage = arrange({ a: [{ event: { type: 'meta', limits } }, { text: 'Hi' }] });
  await stage.ask();
  const { share, shareReason } = stage.router.health().targets['a']!;
  expect([share, shareReason]).toEqual([0.5, "the vendor's limit is nearly used up"]);
});

it('a large request is sent to the only one left, though a smaller one has looked at it before', async () => {
  const limits = { tokensLimit: 1_000, tokensRemaining: 500, tokensResetMs: 1_060_000 };
  const stage = arrange({
    // Limited, so that views of the others are kept.
    out: { script: 'Never.', target: { limits: { tpm: 100_000 } } },
    a: [{ event: { type: 'meta', limits } }, { text: 'Hi' }],
  });
  stage.router.disable('out');
  await stage.ask({ maxTokens: 16 });
  stage.router.plan({ messages, maxTokens: 16 });
  expect((await stage.ask({ maxTokens: 800 })).target.id).toBe('a');
});

it('what is shown of limits and waits is whole: remainders that can be asked for, instants in milliseconds', async () => {
  const limits = { requestsLimit: 60, requestsRemaining: 7, requestsResetMs: 1_060_000 };
  const stage = arrange({
    a: [{ event: { type: 'meta', limits } }, { text: 'Hi' }],
    b: [{ fail: 'network' }],
  });
  await stage.ask();
  await stage.runtime.advance(1_234.5);
  expect(stage.router.health().targets['a']!.vendorLimits?.requests?.remaining).toBe(8);
  for (let call = 0; call < 5; call += 1) await stage.fail({}, { targets: ['b'], retry: 0 });
  const { openUntil } = stage.router.health().targets['b']!;
  expect(Number.isInteger(openUntil)).toBe(true);
  expect(stage.eventsOf('breaker').at(-1)!.openUntil).toBe(openUntil);
});
