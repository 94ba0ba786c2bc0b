import {
  faultFromMs,
  optionsWith,
  refusals,
  scenarioOfA,
  successWith,
  throughout,
  traffic,
  type Recovery,
} from './usual.ts';
import type { PassLine, Scenario } from '../scenario.ts';

function gray(name: string, share: number): Scenario {
  const calls = share === 1 ? 'all calls' : `${share * 100} % of calls`;
  return scenarioOfA(
    name,
    `gray: first token and gaps 20 times as slow, ${calls}`,
    [throughout({ effect: 'slow', share, factor: 20 })],
    {
      lines: [
        { metric: 'firstTokenP99Ms', atMost: 6_000 },
        { metric: 'shareAfter20s', atMost: 0.2 },
        { metric: 'attemptsPerCall', atMost: 1.15, note: 'extra calls at most 15 %' },
      ],
      options: { hedge: true },
      note: 'with `hedge: true`',
    },
  );
}

const silentAtFirst = scenarioOfA(
  'S5',
  'silence before the first token, 20 % of calls, half with keep-alives',
  [throughout({ effect: 'silence', share: 0.2, afterTokens: [0, 0], pings: 0.5 })],
  {
    lines: [
      { metric: 'hangs', atMost: 0 },
      { metric: 'recoveryP95Ms', atMost: 1_500, note: 'taken as the 95th percentile' },
    ],
  },
);

/** With a recovery nobody is given an error; without one what is shown is not taken back. */
function silentInside(name: string, recovery?: Recovery): Scenario {
  return scenarioOfA(
    name,
    'silence after 20 tokens, 10 % of calls, half with keep-alives',
    [throughout({ effect: 'silence', share: 0.1, afterTokens: [20, 20], pings: 0.5 })],
    {
      lines: [
        { metric: 'hangs', atMost: 0 },
        { metric: 'longestSilenceMs', atMost: 11_000, note: 'idleMs and 10 %' },
        { metric: 'corrupt', atMost: 0 },
        ...successWith(recovery),
      ],
      ...optionsWith(recovery),
    },
  );
}

/** What turning calls away from silence before a timer ends is held to: 20 calls/s at a primary that hangs. */
const hangs: Scenario = {
  ...scenarioOfA(
    'S5-hang',
    'silence before the first token, all calls, 20 calls/s',
    [throughout({ effect: 'silence', share: 1, afterTokens: [0, 0], pings: 0.5 })],
    {
      lines: [
        { metric: 'hangs', atMost: 0 },
        { metric: 'firstTokenP99Ms', atMost: 3_000, note: 'without hedging' },
      ],
    },
  ),
  traffic: { callsPerSecond: 20 },
};

const stalls: Scenario = {
  ...scenarioOfA(
    'S5-stall',
    'silence after 20 tokens, all calls, 20 calls/s',
    [throughout({ effect: 'silence', share: 1, afterTokens: [20, 20], pings: 0.5 })],
    {
      lines: [
        { metric: 'hangs', atMost: 0 },
        { metric: 'silenceP99Ms', atMost: 3_000, note: 'without hedging' },
      ],
      options: { stream: { recovery: 'restart' } },
      note: "with `recovery: 'restart'`: where nothing may follow what was shown, silence is waited out",
    },
  ),
  traffic: { callsPerSecond: 20 },
};

const healthyHourMs = 3_600_000;

/** Whoever turns calls away for silence and slowness must not do so for the long tail of what is well. */
const healthy: Scenario = {
  name: 'S0',
  title: 'nothing: an hour of health, with the slow first tokens of any day',
  traffic,
  lastsMs: healthyHourMs,
  faultFromMs: 0,
  faultUntilMs: healthyHourMs,
  faults: {},
  lines: [
    { metric: 'falseMoves', atMost: 0 },
    { metric: 'success', atLeast: 0.9999 },
  ],
};

const connecting: readonly PassLine[] = [
  { metric: 'successInFault', atLeast: 0.999 },
  { metric: 'timeToDetectMs', atMost: 1_000 },
];

function unreachable(name: string, title: string, refusal: keyof typeof refusals): Scenario {
  const fault = { effect: 'refuse', share: 1, refusal: refusals[refusal], afterMs: [5, 20] } as const;
  return scenarioOfA(name, title, [{ ...throughout(fault), untilMs: faultFromMs + 40_000 }], {
    faultUntilMs: faultFromMs + 40_000,
    lastsMs: 220_000,
    lines: connecting,
  });
}

const blackHole = scenarioOfA(
  'S9-hole',
  'no answer to the connection',
  [
    {
      ...throughout({ effect: 'silence', share: 1, afterTokens: [0, 0] }),
      untilMs: faultFromMs + 40_000,
    },
  ],
  {
    faultUntilMs: faultFromMs + 40_000,
    lastsMs: 220_000,
    lines: [
      { metric: 'successInFault', atLeast: 0.999 },
      { metric: 'timeToDetectMs', atMost: 11_000, note: 'firstTokenMs stands for a connect timeout' },
    ],
  },
);

/** Providers that are slow, silent or not to be reached. */
export const slowness = {
  S0: healthy,
  S3: gray('S3', 1),
  'S3-20': gray('S3-20', 0.2),
  S5: silentAtFirst,
  'S5-hang': hangs,
  'S5-stall': stalls,
  S6: silentInside('S6'),
  'S6-continue': silentInside('S6-continue', 'continue'),
  S9: unreachable('S9', 'connection refused', 'refused'),
  'S9-dns': unreachable('S9-dns', 'unknown host', 'unknownHost'),
  'S9-tls': unreachable('S9-tls', 'certificate expired', 'expired'),
  'S9-hole': blackHole,
} as const satisfies Record<string, Scenario>;
