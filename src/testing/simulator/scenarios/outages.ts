import type { Scenario } from '../scenario.ts';
import { allRefused, faultFromMs, refusals, scenarioOfA, throughout, traffic } from './usual.ts';

const hardDown = scenarioOfA(
  'S1',
  'hard down: 503 after 50 ms',
  [throughout(allRefused(refusals.unavailable))],
  {
    lines: [
      { metric: 'success', atLeast: 0.999 },
      { metric: 'struckAttempts', atMost: 12 },
      { metric: 'timeToDetectMs', atMost: 1_000 },
      { metric: 'timeToReturnMs', atMost: 30_000 },
    ],
  },
);

function brownout(name: string, share: number): Scenario {
  const effect = { effect: 'refuse', share, refusal: refusals.internal, afterMs: [200, 2_000] } as const;
  return scenarioOfA(name, `brownout: ${share * 100} % HTTP 500 after 0.2 to 2 s`, [throughout(effect)], {
    lines: [
      { metric: 'successInFault', atLeast: 0.995 },
      { metric: 'attemptsPerCall', atMost: 1.25 },
      { metric: 'shareAfter30s', atMost: 0.2, note: 'a share cut by 80 % within 30 s' },
    ],
  });
}

const shed = throughout({ effect: 'refuse', share: 0.3, refusal: refusals.overloaded, afterMs: [50, 500] });
const shedding: Scenario = {
  ...scenarioOfA('S2-529', 'brownout of all three: 30 % of the calls get a 529, by chance', [], {
    lines: [
      {
        metric: 'successInFault',
        atLeast: 0.97,
        note: 'three that refuse 30 % each leave 97.3 % of all first rounds',
      },
    ],
  }),
  faults: { a: [shed], b: [shed], c: [shed] },
};

function flapping(name: string, halfMs: number, times: number): Scenario {
  const untilMs = faultFromMs + 2 * halfMs * times;
  return {
    ...scenarioOfA(
      name,
      `flapping: ${halfMs / 1_000} s down, ${halfMs / 1_000} s up`,
      [
        {
          ...throughout(allRefused(refusals.unavailable)),
          untilMs,
          cycle: { onMs: halfMs, offMs: halfMs },
        },
      ],
      {
        lines: [
          { metric: 'success', atLeast: 0.998 },
          { metric: 'changesPer5s', atMost: 1 },
          { metric: 'shareInFault', atMost: 0.15, note: 'attempts at a while it is down' },
        ],
      },
    ),
    faultUntilMs: untilMs,
    lastsMs: untilMs + 120_000,
  };
}

const allDownUntilMs = faultFromMs + 60_000;
const allDown: Scenario = {
  ...scenarioOfA('S11', 'all three down for 60 s, then only a is back for 60 s', [], {
    lines: [
      { metric: 'peakLoad', atMost: 1.2 },
      { metric: 'errorP99Ms', atMost: 2_000 },
      { metric: 'timeToReturnMs', atMost: 5_000 },
    ],
    note: 'stale answers come later',
  }),
  faultUntilMs: allDownUntilMs,
  faults: {
    a: [{ ...throughout(allRefused(refusals.unavailable)), untilMs: allDownUntilMs }],
    b: [throughout(allRefused(refusals.unavailable))],
    c: [throughout(allRefused(refusals.unavailable))],
  },
};

const rampStepMs = 15_000;
const bothDownUntilMs = faultFromMs + 90_000;
/** What `c` lets through while both others are down, if its ramp is used to the full, of what is asked then. */
const admissible = (2 * 15 + 3 * 15 + 4.5 * 15 + 6.75 * 15 + 10 * 10) / 700;
const correlated: Scenario = {
  ...scenarioOfA('S14', 'a and b down, c may grow by 50 % in 15 s', [], {
    lines: [
      {
        metric: 'successInFault',
        atLeast: 0.95 * admissible,
        note: `95 % of the ${(admissible * 100).toFixed(0)} % that c can admit`,
      },
      { metric: 'errorP99Ms', atMost: 2_000, note: 'shed early' },
      { metric: 'timeToReturnMs', atMost: 30_000, note: 'no tail after the recovery' },
    ],
  }),
  faultFromMs: faultFromMs + 20_000,
  faultUntilMs: bothDownUntilMs,
  faults: {
    a: [{ ...throughout(allRefused(refusals.unavailable)), untilMs: bothDownUntilMs }],
    b: [
      {
        ...throughout(allRefused(refusals.unavailable)),
        fromMs: faultFromMs + 20_000,
        untilMs: bothDownUntilMs + 20_000,
      },
    ],
    c: [
      {
        effect: 'ramp-limit',
        fromPerSecond: 2,
        growth: 1.5,
        stepMs: rampStepMs,
        refusal: refusals.slowDown,
        // Its steps are those that the line counts with: one begins when `b` goes down too.
        fromMs: (faultFromMs + 20_000) % rampStepMs,
        untilMs: Infinity,
      },
    ],
  },
};

const surgeUntilMs = faultFromMs + 5_000;
const surge: Scenario = {
  ...scenarioOfA(
    'S15',
    'a takes 12 calls/s and queues the rest; 5 s of threefold traffic',
    [{ effect: 'capacity', perSecond: 12, fromMs: 0, untilMs: Infinity }],
    {
      lines: [{ metric: 'goodputBackMs', atMost: 10_000 }],
      note: 'the queue works off what was given up, so that retries and hedges cost capacity',
    },
  ),
  traffic: { ...traffic, surges: [{ fromMs: faultFromMs, untilMs: surgeUntilMs, factor: 3 }] },
  faultUntilMs: surgeUntilMs,
};

/** Whole providers are away, for all calls or for a share of them. */
export const outages = {
  S1: hardDown,
  S2: brownout('S2', 0.3),
  'S2-10': brownout('S2-10', 0.1),
  'S2-60': brownout('S2-60', 0.6),
  'S2-529': shedding,
  S10: flapping('S10', 3_000, 20),
  'S10-10': flapping('S10-10', 10_000, 6),
  'S10-30': flapping('S10-30', 30_000, 2),
  S11: allDown,
  S14: correlated,
  S15: surge,
} as const satisfies Record<string, Scenario>;
