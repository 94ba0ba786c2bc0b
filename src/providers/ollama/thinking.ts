import { failureError } from '../failure.ts';
import type { ProviderRequest } from '../provider.ts';
import { thinks, thinksByLevels } from './families.ts';

type Level = 'low' | 'medium' | 'high';

/** The `think` field: absent leaves it to the server, and `isExact` says whether that is all that was asked. */
export interface Thinking {
  readonly think?: boolean | Level;
  readonly isExact: boolean;
}

/** A budget in tokens as the nearest level; no vendor publishes what its levels cost, these are orders of magnitude. */
function levelOfBudget(budgetTokens: number): Level | 'none' {
  if (budgetTokens <= 0) return 'none';
  if (budgetTokens <= 2_048) return 'low';
  return budgetTokens <= 8_192 ? 'medium' : 'high';
}

/**
 * How much a model shall think. A server refuses `think` for a model that cannot think (400), so it is switched off only
 * where the family is known to be able to.
 */
export function thinkingOf(model: string, { reasoning, refused, supports }: ProviderRequest): Thinking {
  if (reasoning === undefined) return { isExact: true };
  const isBudget = 'budgetTokens' in reasoning;
  const level = isBudget ? levelOfBudget(reasoning.budgetTokens) : reasoning.effort;
  const canThink = refused?.has('reasoning') ? false : (supports?.reasoning ?? thinks(model));
  if (level === 'none') return thinkingOff(model, canThink);
  if (canThink === false) {
    throw failureError({
      kind: 'unsupported',
      feature: 'reasoning',
      message: `the model ${model} does not think`,
    });
  }
  if (thinksByLevels(model)) return { think: level, isExact: !isBudget };
  return { think: true, isExact: false };
}

function thinkingOff(model: string, canThink: boolean | undefined): Thinking {
  if (canThink === false) return { isExact: true };
  if (canThink === undefined) return { isExact: false };
  // gpt-oss always thinks: its lowest level is as near as it comes.
  return thinksByLevels(model) ? { think: 'low', isExact: false } : { think: false, isExact: true };
}
