import type { ReasoningEffort } from '../../core/request.ts';
import { each } from '../../core/each.ts';
import type { Supports } from '../provider.ts';

/** What is known of a model by its name. Sources: OpenAI's model pages and guides, and replies recorded in 2026. */
export interface Family {
  /** Whether the name says anything; a deployment or a foreign model may be anything, and is taken to know everything. */
  readonly known: boolean;
  /** Thinks before it answers, and can be told how much. */
  readonly reasons: boolean;
  /** The efforts that it takes, from the least. */
  readonly efforts: readonly string[];
  /** What it does when no effort is named. */
  readonly defaultEffort: string;
  /** Refuses function tools on Chat Completions while it reasons (gpt-5.4 and later). */
  readonly toolsNeedResponses: boolean;
  /** Is served by the Responses API alone. */
  readonly responsesOnly: boolean;
  /** `user` where the model knows no system message. */
  readonly systemRole: 'developer' | 'system' | 'user';
  readonly supports: Supports;
}

/** Of a model that nothing is known of. */
export const openEfforts: readonly string[] = ['none', 'low', 'medium', 'high'];

const unknownFamily: Family = {
  known: false,
  reasons: false,
  efforts: openEfforts,
  defaultEffort: 'none',
  toolsNeedResponses: false,
  responsesOnly: false,
  systemRole: 'system',
  supports: {},
};

/** Classic models: no reasoning; each takes what its line says. */
function classic(supports: Supports): Family {
  return {
    ...unknownFamily,
    known: true,
    efforts: [],
    supports: { reasoning: false, topK: false, ...supports },
  };
}

const noVision: Supports = { images: false, files: false };
const samplingOff: Supports = each('temperature topP topK presencePenalty frequencyPenalty', false);
const search: Supports = { ...samplingOff, ...each('tools seed stop parallelToolCalls', false) };

/** The o-series: `parallel_tool_calls` and sampling are refused, `stop` from o3 on. */
function oSeries(supports: Supports): Family {
  return {
    ...unknownFamily,
    known: true,
    reasons: true,
    efforts: ['low', 'medium', 'high'],
    defaultEffort: 'medium',
    systemRole: 'developer',
    supports: { ...samplingOff, parallelToolCalls: false, ...supports },
  };
}

function gpt5(minor: number, name: string): Family {
  const responsesOnly = /-(pro|codex)/.test(name);
  const lowest = minor === 0 ? 'minimal' : 'none';
  const efforts = /-pro/.test(name)
    ? ['high']
    : /-codex/.test(name)
      ? ['low', 'medium', 'high']
      : [lowest, 'low', 'medium', 'high'];
  return {
    known: true,
    reasons: true,
    efforts,
    // gpt-5.1 to 5.4 do not think unless told to; replies of 5, 5.5 and 5.6 show that they do.
    defaultEffort: minor >= 1 && minor <= 4 && !responsesOnly ? 'none' : 'medium',
    toolsNeedResponses: minor >= 4,
    responsesOnly,
    systemRole: 'developer',
    // Sampling is taken while the effort is `none` (gpt-5.1 and later): decided for each request.
    supports: { topK: false, stop: false, ...(efforts.includes('none') ? {} : samplingOff) },
  };
}

/** The first match decides; names are without their vendor's prefix. */
const families: readonly (readonly [RegExp, (match: RegExpExecArray, name: string) => Family])[] = [
  [
    /^o1-(mini|preview)/,
    () => ({
      ...oSeries({ ...noVision, tools: false, schema: false, stop: false, reasoning: false }),
      reasons: false,
      systemRole: 'user',
    }),
  ],
  [/^o1-pro/, () => ({ ...oSeries({ stop: false }), responsesOnly: true })],
  [/^o1(?!\d)/, () => oSeries({})],
  [/^o3-mini/, () => oSeries({ ...noVision, stop: false })],
  [/^o\d+(-\w+)?-(pro|deep-research)/, () => ({ ...oSeries({ stop: false }), responsesOnly: true })],
  [/^o\d/, () => oSeries({ stop: false })],
  [/^computer-use/, () => ({ ...oSeries({ stop: false }), responsesOnly: true })],
  [/^gpt-5(?:\.\d+)?-chat/, () => classic({})],
  [/^gpt-5(?:\.(\d+))?(?![\d.])/, ([, minor], name) => gpt5(Number(minor ?? 0), name)],
  [/^gpt-4o(-mini)?-search/, () => classic(search)],
  [/^gpt-4o-2024-05-13/, () => classic({ schema: false })],
  [/^(gpt-4o-audio|gpt-audio)/, () => classic({ ...noVision, schema: false })],
  [/^(gpt-4o|gpt-4\.|chatgpt-)/, () => classic({})],
  [/^gpt-4-(turbo|vision)/, () => classic({ schema: false, files: false })],
  [/^gpt-(4|3\.5)(?![\d.])/, () => classic({ ...noVision, schema: false })],
];

/** The family of a model's name, with or without a vendor's prefix (`openai/gpt-5.2`). */
export function familyOf(model: string): Family {
  const name = model.slice(model.lastIndexOf('/') + 1).toLowerCase();
  for (const [pattern, make] of families) {
    const found = pattern.exec(name);
    if (found) return make(found, name);
  }
  return unknownFamily;
}

/** The effort that stands for what was asked: a level, or a budget in tokens turned into one. */
export function effortAsked(
  reasoning: { readonly effort: ReasoningEffort } | { readonly budgetTokens: number },
): ReasoningEffort {
  if ('effort' in reasoning) return reasoning.effort;
  if (reasoning.budgetTokens <= 0) return 'none';
  if (reasoning.budgetTokens <= 4096) return 'low';
  return reasoning.budgetTokens <= 16_384 ? 'medium' : 'high';
}

const ladder = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'];

/** The taken effort nearest to the one wanted; the lesser of two that are as near. */
export function nearestEffort(wanted: string, taken: readonly string[]): string | undefined {
  const distance = (effort: string) => Math.abs(ladder.indexOf(effort) - ladder.indexOf(wanted));
  return [...taken].sort((one, other) => distance(one) - distance(other))[0];
}
