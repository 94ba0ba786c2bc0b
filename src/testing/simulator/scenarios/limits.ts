import type { Refusal } from '../fault.ts';
import type { PassLine, Scenario, SimulatedTargetOptions } from '../scenario.ts';
import { allRefused, refusals, scenarioOfA, throughout } from './usual.ts';

const usualLines: readonly PassLine[] = [
  { metric: 'successInFault', atLeast: 1 },
  { metric: 'earlyAttempts', atMost: 0 },
  { metric: 'longestWaitMs', atMost: 1_000 },
];
const keepsItsShare: readonly PassLine[] = [
  { metric: 'answersFromAPerSecond', atLeast: 4, atMost: 6, note: 'a keeps its 5 calls/s to within 20 %' },
];

function storm(
  name: string,
  form: string,
  refusal: Refusal,
  rest: {
    readonly lines?: readonly PassLine[];
    readonly a?: SimulatedTargetOptions;
    readonly note?: string;
  } = {},
): Scenario {
  return scenarioOfA(
    name,
    `429 storm: a takes 5 calls/s, else ${form}`,
    [throughout({ effect: 'bucket', perSecond: 5, burst: 5, refusal })],
    {
      lines: [...usualLines, ...(rest.lines ?? [])],
      ...(rest.a === undefined ? {} : { targets: { a: rest.a } }),
      ...(rest.note === undefined ? {} : { note: rest.note }),
    },
  );
}

const limited = { kind: 'rate-limit', status: 429 } as const;

/** Until the end, as a quota does not come back by itself. */
function exhausted(name: string, title: string, refusal: Refusal): Scenario {
  return scenarioOfA(name, title, [{ ...throughout(allRefused(refusal)), untilMs: 300_000 }], {
    faultUntilMs: 300_000,
    lastsMs: 300_000,
    lines: [
      { metric: 'struckAttempts', atMost: 6, note: 'at most 5 in 4 minutes after the first' },
      { metric: 'successInFault', atLeast: 0.999 },
      { metric: 'alerts', atLeast: 1 },
    ],
  });
}

const refusedKey = scenarioOfA(
  'S12',
  'the key is refused: 401',
  [throughout(allRefused(refusals.unauthorised))],
  {
    lines: [
      { metric: 'struckAttempts', atMost: 4, note: '1 or 2, and one for each of two lockouts that end' },
      { metric: 'repeatsAtOneTarget', atMost: 0 },
      { metric: 'successInFault', atLeast: 0.999 },
      { metric: 'alerts', atLeast: 1 },
    ],
    note: 'a second key comes later',
  },
);

/** The vendor tells of its limit beside its answers, and the host states none. */
function told(name: string, headers: 'milliseconds' | 'seconds'): Scenario {
  const reset = headers === 'seconds' ? 'whole seconds' : 'milliseconds';
  const effect = {
    effect: 'bucket',
    perSecond: 5,
    burst: 100,
    refusal: { ...limited, retryAfterMs: 20_000 },
  } as const;
  return scenarioOfA(
    name,
    `a takes 5 calls/s and tells so in headers (${reset}), else \`retry-after: 20\``,
    [throughout({ ...effect, headers })],
    {
      lines: [
        ...usualLines,
        ...keepsItsShare,
        { metric: 'limitedShare', atMost: 0.005, note: 'nearly no 429' },
      ],
    },
  );
}

/** All calls of `a` come to `b`, which takes 6 of 10. */
const cascade: Scenario = {
  ...scenarioOfA(
    'S4-cascade',
    'a down; b takes 6 calls/s, else 429 without a hint',
    [throughout(allRefused(refusals.unavailable))],
    {
      lines: [
        { metric: 'successInFault', atLeast: 1 },
        { metric: 'limitedShare', atMost: 0.05, note: 'no storm of 429' },
        { metric: 'loadOnB', atLeast: 0.48, note: 'b keeps 80 % of its 6 calls/s' },
      ],
    },
  ),
  faults: {
    a: [throughout(allRefused(refusals.unavailable))],
    b: [{ effect: 'bucket', perSecond: 6, burst: 6, refusal: limited, fromMs: 0, untilMs: Infinity }],
  },
};

/** Providers that limit, refuse a key, or have no quota left. */
export const limits = {
  S4: storm(
    'S4',
    '`retry-after: 20`',
    { ...limited, retryAfterMs: 20_000 },
    {
      lines: keepsItsShare,
      a: { limits: { rpm: 300 } },
      note: 'with `limits: { rpm: 300 }` on a',
    },
  ),
  'S4-date': storm('S4-date', '`retry-after` 20 s as a date', {
    ...limited,
    retryAfterMs: 20_000,
    hint: 'http-date',
  }),
  'S4-hour': storm('S4-hour', '`retry-after: 3600`', { ...limited, retryAfterMs: 3_600_000 }),
  'S4-529': storm('S4-529', '529 without a hint', refusals.overloaded, { lines: keepsItsShare }),
  'S4-headers': told('S4-headers', 'milliseconds'),
  'S4-headers-s': told('S4-headers-s', 'seconds'),
  'S4-cascade': cascade,
  S12: refusedKey,
  S13: exhausted('S13', 'quota exhausted: 429 `insufficient_quota`', refusals.noQuota),
  'S13-spend': exhausted('S13-spend', 'spend limit: 429 `enforced_spend_limit_reached`', refusals.spendLimit),
} as const satisfies Record<string, Scenario>;
