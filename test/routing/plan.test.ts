import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Candidate } from '../../src/routing/candidate.ts';
import { demandOf } from '../../src/routing/demand.ts';
import { makePlan, type PlanInput } from '../../src/routing/plan.ts';
import { idsOf, makeCandidates } from './make-candidate.ts';

const now = 1_000_000;
const demand = demandOf({ messages: [{ role: 'user', content: 'Hello' }] });
const plan = (candidates: readonly Candidate[], more: Partial<PlanInput> = {}) =>
  makePlan({ demand, candidates, random: () => 0, now, ...more });
const order = (candidates: readonly Candidate[], more?: Partial<PlanInput>) =>
  idsOf(plan(candidates, more).order.toArray());

const open = (availableInMs: number, lastResortInMs: number) => ({
  breaker: 'open' as const,
  blockedReason: 'circuit open',
  availableAt: now + availableInMs,
  lastResortAt: now + lastResortInMs,
});
const cooling = (ms: number) => ({ blockedReason: 'cooling down (rate-limit)', availableAt: now + ms });

describe('a plan', () => {
  it('is in the listed order where nobody states a weight', () => {
    expect(order(makeCandidates({}, {}, {}))).toBe('a b c');
    expect(plan(makeCandidates({}, {})).turn()).toBeUndefined();
  });

  it('is weighted where one of the same priority states a weight, also one that may not serve', () => {
    const candidates = makeCandidates({ weight: 5, health: cooling(10) }, { credit: 0 }, { credit: 3 });
    expect(order(candidates)).toBe('c b');
    expect(order(makeCandidates({ weight: 5, priority: 1 }, {}, { credit: 3 }))).toBe('b c a');
  });

  it('puts all of a lower priority number before the next', () => {
    const candidates = makeCandidates({ priority: 9 }, { priority: 0 }, { priority: 2 }, { priority: 0 });
    expect(order(candidates)).toBe('b d c a');
    expect(order(candidates, { strategy: (all) => [...all].reverse() })).toBe('d b c a');
  });

  it('goes to the next priority where all of one are out, and not back', () => {
    const candidates = makeCandidates({ health: cooling(5) }, { health: open(5, 5) }, { priority: 1 });
    expect(plan(candidates)).toMatchObject({
      lastResort: false,
      rejected: [
        { target: 'a', reason: 'cooling down (rate-limit) for another 5 ms' },
        { target: 'b', reason: 'circuit open for another 5 ms' },
      ],
      retryAfterMs: 5,
    });
    expect(order(candidates)).toBe('c');
  });

  it('holds everybody exactly once, in order or rejected with a reason', () => {
    const some = fc.array(
      fc.record({
        priority: fc.nat(2),
        weight: fc.option(fc.nat(3), { nil: undefined }),
        region: fc.option(fc.constantFrom('eu', 'us'), { nil: undefined }),
        health: fc.constantFrom({}, cooling(50), open(900, 400), open(900, 0), { blockedReason: 'disabled' }),
      }),
      { maxLength: 12, size: 'max' },
    );
    const strategies = fc.constantFrom(
      undefined,
      'weighted',
      'fastest',
      'least-busy',
      'cheapest',
      'in-order',
    );
    fc.assert(
      fc.property(some, strategies, fc.boolean(), (list, strategy, eu) => {
        const candidates = makeCandidates(...list);
        const wanted = demandOf({ messages: [], ...(eu ? { require: { region: 'eu' } } : {}) });
        const made = plan(candidates, {
          demand: wanted,
          ...(strategy ? { strategy: strategy as 'fastest' } : {}),
        });
        const ordered = made.order.toArray();
        expect(ordered.map((_, index) => made.order.at(index))).toEqual(ordered);
        expect(made.order.at(ordered.length)).toBeUndefined();
        expect(made.order.at(-1)).toBeUndefined();
        expect(made.order.length).toBe(ordered.length);
        const all = [...ordered.map(({ id }) => id), ...made.rejected.map(({ target }) => target)];
        expect(all.sort()).toEqual(candidates.map(({ id }) => id).sort());
        expect(made.rejected.every(({ reason }) => reason.length > 0)).toBe(true);
        const priorities = ordered.map(({ priority }) => priority);
        expect(priorities).toEqual([...priorities].sort());
        const isFree = ordered.every(({ health }) => health.blockedReason === undefined);
        expect(isFree).toBe(!made.lastResort || ordered.length === 0);
      }),
      { numRuns: 1000 },
    );
  });

  it('asks for no random number that it does not need', () => {
    const random = () => expect.fail('not needed');
    expect(order(makeCandidates({}, {}), { random })).toBe('a b');
    expect(order(makeCandidates({ weight: 1 }, {}), { random })).toBe('a b');
  });
});

describe('a last resort', () => {
  it('is an open breaker whose 4 s are over, where nobody is free', () => {
    const candidates = makeCandidates(
      { health: open(9000, 1) },
      { health: open(9000, 0) },
      { health: cooling(700) },
    );
    const made = plan(candidates);
    expect(made.lastResort).toBe(true);
    expect(idsOf(made.order.toArray())).toBe('b');
    expect(made.rejected.map(({ target }) => target)).toEqual(['a', 'c']);
    expect(made.retryAfterMs).toBe(1);
    expect(idsOf(made.blocked)).toBe('a c');
  });

  it('is nobody while another may serve, also of a higher priority number', () => {
    const candidates = makeCandidates({ health: open(9000, 0) }, { priority: 9 });
    expect(plan(candidates).lastResort).toBe(false);
    expect(order(candidates)).toBe('b');
  });

  it('is one that is down for no call that has asked others, unless it is kept by something else than its breaker', () => {
    const down = { ...open(9000, 0), isDown: true, blockedBy: 'breaker' } as const;
    const asked = new Set(['b']);
    const lastResorts = (health: object, more?: Partial<PlanInput>) =>
      idsOf(plan(makeCandidates({ health }), more).order.toArray());
    expect(lastResorts(down)).toBe('a');
    expect(lastResorts(down, { asked: new Set() })).toBe('a');
    expect(lastResorts(down, { asked })).toBe('');
    expect(lastResorts({ ...down, isDown: false }, { asked })).toBe('a');
    expect(lastResorts({ ...down, blockedBy: 'cool-down' }, { asked })).toBe('a');
  });

  it('must fit the request like any other', () => {
    const candidates = makeCandidates({ health: open(9000, 0), supports: { tools: false } });
    const tools = [{ name: 'look', parameters: {} }];
    const made = plan(candidates, { demand: demandOf({ messages: [], tools }) });
    expect(made).toMatchObject({ lastResort: false, rejected: [{ target: 'a', reason: 'takes no tools' }] });
    expect(made.retryAfterMs).toBeUndefined();
  });
});

describe('retryAfterMs', () => {
  it('is the soonest of those rejected only for a time, last resorts included', () => {
    expect(plan(makeCandidates({ health: cooling(900) }, { health: open(5000, 300.5) })).retryAfterMs).toBe(
      301,
    );
    expect(plan(makeCandidates({ health: cooling(900), region: 'us' }, {})).retryAfterMs).toBe(900);
  });

  it('is absent where waiting does not help', () => {
    const demandEu = demandOf({ messages: [], require: { region: 'eu' } });
    const candidates = makeCandidates(
      { health: cooling(900) },
      { region: 'eu', health: { blockedReason: 'disabled' } },
    );
    expect(plan(candidates, { demand: demandEu }).retryAfterMs).toBeUndefined();
    expect(plan([]).retryAfterMs).toBeUndefined();
    expect(idsOf(plan([]).order.toArray())).toBe('');
  });
});

describe('a turn of weighted selection', () => {
  it('is that of the tier which is asked first, and changes nothing by itself', () => {
    const candidates = makeCandidates({ weight: 3 }, {}, { priority: 1, weight: 7 });
    const made = plan(candidates);
    const turn = made.turn();
    expect(turn?.candidates.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(turn?.chosen.id).toBe('a');
    expect(candidates.map(({ credit }) => credit)).toEqual([0, 0, 0]);
  });

  it('does not exist under another strategy', () => {
    expect(plan(makeCandidates({ weight: 3 }, {}), { strategy: 'fastest' }).turn()).toBeUndefined();
  });
});

describe("a host's own strategy", () => {
  const candidates = makeCandidates({}, {}, {});

  it('orders within a priority and sees the request', () => {
    const seen: unknown[] = [];
    const made = plan(candidates, {
      strategy: (all, { request, random }) => {
        seen.push(request, random());
        return [...all].reverse();
      },
    });
    expect(idsOf(made.order.toArray())).toBe('c b a');
    expect(seen).toEqual([demand.request, 0]);
    expect(made.warnings).toEqual([]);
  });

  it('may leave some out: they come after', () => {
    expect(order(candidates, { strategy: (all) => all.slice(2) })).toBe('c a b');
    expect(order(candidates, { strategy: () => [] })).toBe('a b c');
  });

  it('may not invent or repeat any', () => {
    const invented = { ...(candidates[0] as Candidate), id: 'z' };
    const made = plan(candidates, { strategy: (all) => [invented, ...all.slice(1), ...all.slice(1)] });
    expect(idsOf(made.order.toArray())).toBe('b c a');
    expect(made.warnings).toEqual(['strategy: returned candidates that it was not given; left out']);
  });

  it('cannot change the list that others see', () => {
    const strategy = (all: readonly Candidate[]) => {
      (all as Candidate[]).length = 0;
      return all;
    };
    expect(order(candidates, { strategy })).toBe('a b c');
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('oops');
      },
      'strategy: threw oops; the listed order holds',
    ],
    [
      'returns a promise',
      async () => [],
      'strategy: expected a list of candidates, got object; the listed order holds',
    ],
    [
      'returns nothing',
      () => undefined,
      'strategy: expected a list of candidates, got undefined; the listed order holds',
    ],
  ])('that %s leaves the listed order, and a warning', (_, strategy, warning) => {
    const made = plan(candidates, { strategy: strategy as never });
    expect(idsOf(made.order.toArray())).toBe('a b c');
    expect(made.warnings).toEqual([warning]);
  });
});
