import type { Reasoning } from '../../core/request.ts';
import type { Family } from './families.ts';

/** The least budget that is taken. Source: the vendor's reference of `thinking.budget_tokens`. */
export const leastBudget = 1_024;

const budgets = { low: 2_048, medium: 8_192, high: 16_384 } as const;

/** How a request asks for thinking, or for none. */
export interface ThinkingPlan {
  readonly thinking?: { readonly [key: string]: unknown };
  readonly effort?: 'low' | 'medium' | 'high';
  /** Raised where nobody stated it and the budget needs room. */
  readonly maxTokens: number;
  /** Whether the reply may think: excludes sampling, prefill and a forced tool. */
  readonly isOn: boolean;
  /** Whether the level asked for could not be kept. */
  readonly isIgnored?: boolean;
  readonly warning?: string;
}

export interface ThinkingWish {
  readonly reasoning: Reasoning | undefined;
  /** Stated by the caller or the target; undefined where nobody did. */
  readonly maxTokens: number | undefined;
  /** Where nobody stated it. */
  readonly defaultMaxTokens: number;
  /** A tool is forced: then there may be no thinking. */
  readonly toolIsForced: boolean;
  /** A round of tool calls is under way that did not begin with thinking: no budget can be set in it. */
  readonly roundWithoutThinking: boolean;
}

export function asksForThinking(reasoning: Reasoning | undefined): boolean {
  return reasoning !== undefined && !('effort' in reasoning && reasoning.effort === 'none');
}

/** Thinking in the form that the family takes: off, by budget or by effort. */
export function planThinking(family: Family, wish: ThinkingWish): ThinkingPlan {
  const maxTokens = wish.maxTokens ?? wish.defaultMaxTokens;
  if (family.thinking === 'none') {
    return { maxTokens, isOn: false, isIgnored: asksForThinking(wish.reasoning) };
  }
  if (!asksForThinking(wish.reasoning)) return planOff(family, wish, maxTokens);
  const reasoning = wish.reasoning as Reasoning;
  if (family.thinking === 'adaptive') return adaptive(family, reasoning, maxTokens);
  if (family.thinking === 'both' && ('effort' in reasoning || wish.roundWithoutThinking)) {
    return adaptive(family, reasoning, maxTokens);
  }
  return budget(reasoning, wish, maxTokens);
}

function planOff(family: Family, wish: ThinkingWish, maxTokens: number): ThinkingPlan {
  const isAskedOff = wish.reasoning !== undefined;
  // A forced tool excludes thinking: a model that thinks unasked has to be told not to.
  const mustBeOff = isAskedOff || (wish.toolIsForced && family.thinksUnasked);
  if (!mustBeOff) return { maxTokens, isOn: family.thinksUnasked };
  if (family.thinkingOff) return { maxTokens, isOn: false, thinking: { type: family.thinkingOff } };
  return isAskedOff
    ? { maxTokens, isOn: true, effort: 'low', isIgnored: true }
    : { maxTokens, isOn: family.thinksUnasked };
}

function adaptive(family: Family, reasoning: Reasoning, maxTokens: number): ThinkingPlan {
  // Newer models keep their thinking to themselves unless they are asked to show a summary.
  const display = family.thinking === 'adaptive' ? { display: 'summarized' } : {};
  return { maxTokens, isOn: true, thinking: { type: 'adaptive', ...display }, effort: effortOf(reasoning) };
}

function effortOf(reasoning: Reasoning): 'low' | 'medium' | 'high' {
  if ('effort' in reasoning) return reasoning.effort === 'none' ? 'low' : reasoning.effort;
  if (reasoning.budgetTokens <= 4_096) return 'low';
  return reasoning.budgetTokens <= budgets.high ? 'medium' : 'high';
}

function budget(reasoning: Reasoning, wish: ThinkingWish, maxTokens: number): ThinkingPlan {
  if (wish.roundWithoutThinking) {
    const warning = 'no thinking in this round of tool calls: another model began it';
    return { maxTokens, isOn: false, isIgnored: true, warning };
  }
  const asked = Math.max(
    'effort' in reasoning ? budgets[levelOf(reasoning)] : reasoning.budgetTokens,
    leastBudget,
  );
  if (wish.maxTokens === undefined) return enabled(asked, asked + wish.defaultMaxTokens);
  if (asked < maxTokens) return enabled(asked, maxTokens);
  // The answer needs some of the tokens too; what the caller set as the limit of both stands.
  const most = Math.max(leastBudget, Math.floor(maxTokens / 2));
  return { ...enabled(most, maxTokens), isIgnored: true };
}

function levelOf(reasoning: { readonly effort: string }): keyof typeof budgets {
  return reasoning.effort as keyof typeof budgets;
}

function enabled(budgetTokens: number, maxTokens: number): ThinkingPlan {
  return { maxTokens, isOn: true, thinking: { type: 'enabled', budget_tokens: budgetTokens } };
}
