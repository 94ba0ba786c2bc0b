import type { Feature } from '../core/failure.ts';
import type { Supports } from '../providers/provider.ts';
import type { Candidate } from './candidate.ts';
import { asksForReasoning, asksForStop, type Demand } from './demand.ts';

/** An estimate shuts a target out only where it is clearly over: text can have six characters to a token. */
const overestimate = 1.5;

/** What a target lacks, for an operator. */
const lacks: Readonly<Partial<Record<Feature, string>>> = {
  tools: 'takes no tools',
  images: 'takes no images',
  files: 'takes no files',
  schema: 'takes no schema',
  reasoning: 'cannot reason',
  stop: 'takes no stop sequences',
  stream: 'cannot stream',
};

/** Why a candidate may not serve now, as a sentence that an operator understands; undefined if it may. */
export function rejectionOf(candidate: Candidate, demand: Demand, now: number): string | undefined {
  return misfitOf(candidate, demand) ?? blockOf(candidate, now);
}

/** What a candidate lacks, whatever the time. Wishes never make one ineligible. */
export function misfitOf(candidate: Candidate, demand: Demand): string | undefined {
  const { targets, require, features } = demand;
  if (targets !== undefined && !targets.has(candidate.id)) return 'not in targets';
  return (
    (require.length > 0 ? unmetRequirement(candidate, require) : undefined) ??
    (features.length > 0 ? missingFeature(candidate, demand) : undefined) ??
    tooSmall(candidate, demand) ??
    candidate.refusal
  );
}

/** What keeps a candidate from being asked just now. */
export function blockOf({ health }: Candidate, now: number): string | undefined {
  const { blockedReason, availableAt, estimated } = health;
  if (blockedReason === undefined || availableAt === undefined || estimated) return blockedReason;
  return `${blockedReason} for another ${Math.max(1, Math.ceil(availableAt - now))} ms`;
}

function unmetRequirement({ region, tags }: Candidate, require: Demand['require']): string | undefined {
  for (const { region: wanted, tags: wantedTags } of require) {
    if (wanted !== undefined) {
      const regions = [wanted].flat();
      if (region === undefined) return 'states no region';
      if (!regions.includes(region))
        return `region ${region} does not match ${regions.join(' or ') || 'any'}`;
    }
    const missing = wantedTags?.filter((tag) => !tags?.includes(tag));
    if (missing?.length) return `lacks the tag ${missing.join(', ')}`;
  }
  return undefined;
}

function missingFeature(candidate: Candidate, demand: Demand): string | undefined {
  const { supports, health } = candidate;
  const hasRefusals = health.refused.size > 0;
  for (const feature of demand.features) {
    if (isOverridden(candidate, feature)) continue;
    const lack = feature === 'toolChoice' ? lackOfChoice(supports, demand) : lackOf(supports, feature);
    if (lack !== undefined) return lack;
    if (hasRefusals && health.refused.has(feature)) return `learnt: refuses ${feature}`;
  }
  if (demand.imageUrls && supports.imageUrls === false) return 'takes no image by URL';
  if (demand.fileUrls && supports.fileUrls === false) return 'takes no file by URL';
  return undefined;
}

function lackOf(supports: Supports, feature: Feature): string | undefined {
  return supports[feature] === false ? (lacks[feature] ?? `takes no ${feature}`) : undefined;
}

function lackOfChoice({ toolChoice }: Supports, demand: Demand): string | undefined {
  const wanted = demand.toolChoice;
  if (toolChoice === undefined || toolChoice === true || wanted === undefined) return undefined;
  if (toolChoice !== false && toolChoice.includes(wanted)) return undefined;
  return `cannot be given the tool choice ${wanted}`;
}

/** What the target's overrides take out of the request is no condition there. */
function isOverridden({ overrides }: Candidate, feature: Feature): boolean {
  if (overrides === undefined) return false;
  if (feature === 'reasoning')
    return overrides.reasoning !== undefined && !asksForReasoning(overrides.reasoning);
  return feature === 'stop' && overrides.stop !== undefined && !asksForStop(overrides.stop);
}

function tooSmall(
  { contextWindow, maxOutputTokens, overrides }: Candidate,
  demand: Demand,
): string | undefined {
  if (contextWindow !== undefined && demand.inputTokens() / overestimate > contextWindow)
    return `context window ${grouped(contextWindow)} is smaller than the estimated ${grouped(demand.inputTokens())} tokens`;
  const maxTokens = overrides?.maxTokens ?? demand.maxTokens;
  if (maxOutputTokens !== undefined && maxTokens !== undefined && maxTokens > maxOutputTokens)
    return `output limit ${grouped(maxOutputTokens)} is smaller than maxTokens ${grouped(maxTokens)}`;
  return undefined;
}

/** 32768 as an operator reads it. */
export function grouped(amount: number): string {
  return String(amount).replace(/\B(?=(\d{3})+$)/g, ',');
}
