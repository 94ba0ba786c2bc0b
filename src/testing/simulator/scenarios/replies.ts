import type { Scenario } from '../scenario.ts';
import { optionsWith, refusals, scenarioOfA, successWith, throughout, type Recovery } from './usual.ts';

const anywhere = [1, 200] as const;

function truncated(name: string, recovery?: Recovery): Scenario {
  return scenarioOfA(
    name,
    'answers that end early: 5 % as if whole, 5 % reset, 5 % error event',
    [
      throughout({ effect: 'cut', share: 0.05, afterTokens: anywhere }),
      throughout({ effect: 'break', share: 0.05, afterTokens: anywhere, refusal: refusals.reset }),
      throughout({
        effect: 'break',
        share: 0.05,
        afterTokens: anywhere,
        refusal: { kind: 'overloaded', code: 'overloaded_error' },
      }),
    ],
    {
      lines: [{ metric: 'corrupt', atMost: 0 }, { metric: 'hangs', atMost: 0 }, ...successWith(recovery)],
      ...optionsWith(recovery),
    },
  );
}

const garbage = scenarioOfA(
  'S8',
  'garbage with status 200, 10 % of calls',
  [
    throughout({
      effect: 'garbage',
      share: 0.1,
      forms: ['html', 'empty-object', 'error-body', 'invalid-json', 'no-content'],
    }),
  ],
  {
    lines: [
      { metric: 'corrupt', atMost: 0 },
      { metric: 'successInFault', atLeast: 0.999 },
    ],
    note: 'text in a wrong script is left out: to see it takes a validator',
  },
);

/** Providers whose answers are not what they seem. */
export const replies = {
  S7: truncated('S7'),
  'S7-restart': truncated('S7-restart', 'restart'),
  'S7-continue': truncated('S7-continue', 'continue'),
  S8: garbage,
} as const satisfies Record<string, Scenario>;
