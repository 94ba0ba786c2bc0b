import type { Reasoning } from '../../core/request.ts';
import type { Thinking, ThinkingLevel } from './families.ts';

/** The part of `generationConfig` that steers thinking, and whether it is what was asked. */
export interface ThinkingChoice {
  readonly config?: { readonly [key: string]: unknown };
  /** False where thinking can't be turned off as asked. */
  readonly kept: boolean;
}

/** Budgets for the levels of effort, as in Google's own compatibility layer. */
const budgets = { none: 0, low: 1_024, medium: 8_192, high: 24_576 } as const;

/**
 * Thinking as this family takes it. Summaries of thoughts are asked for wherever a model thinks: they are its word that
 * it is alive, without which a long thought looks like a stall.
 */
export function thinkingOf(reasoning: Reasoning | undefined, thinking: Thinking): ThinkingChoice {
  if (thinking.by === 'nothing') return { kept: true };
  if (thinking.by === 'level') return byLevel(reasoning, thinking.levels);
  return byBudget(reasoning, thinking);
}

function byLevel(reasoning: Reasoning | undefined, levels: readonly ThinkingLevel[]): ThinkingChoice {
  if (!reasoning) return { config: { includeThoughts: true }, kept: true };
  const effort = 'effort' in reasoning ? reasoning.effort : effortOf(reasoning.budgetTokens);
  const lowest = levels[0] as ThinkingLevel;
  // MINIMAL is as near to none as 3.x comes: it hardly thinks, but says itself that it may.
  if (effort === 'none') return { config: { thinkingLevel: lowest, includeThoughts: true }, kept: false };
  const level = effort.toUpperCase() as ThinkingLevel;
  return {
    config: { thinkingLevel: levels.includes(level) ? level : 'HIGH', includeThoughts: true },
    kept: true,
  };
}

function effortOf(budgetTokens: number): 'none' | 'low' | 'medium' | 'high' {
  if (budgetTokens <= 0) return 'none';
  if (budgetTokens <= budgets.low * 2) return 'low';
  return budgetTokens <= budgets.medium ? 'medium' : 'high';
}

function byBudget(
  reasoning: Reasoning | undefined,
  { least, most, canBeOff, onByDefault }: Extract<Thinking, { by: 'budget' }>,
): ThinkingChoice {
  if (!reasoning) return onByDefault ? { config: { includeThoughts: true }, kept: true } : { kept: true };
  const wanted = 'effort' in reasoning ? budgets[reasoning.effort] : reasoning.budgetTokens;
  // Summaries without thinking are refused.
  if (wanted <= 0 && canBeOff) return { config: { thinkingBudget: 0 }, kept: true };
  const thinkingBudget = Math.min(Math.max(Math.trunc(wanted), least), most);
  return { config: { thinkingBudget, includeThoughts: true }, kept: wanted > 0 };
}
