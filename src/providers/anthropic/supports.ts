import type { UserPart } from '../../core/request.ts';
import type { ProviderRequest, Supports } from '../provider.ts';
import { partRefusal } from './content.ts';
import { familyFor, familyOf, takesSampling } from './families.ts';
import { asksForThinking, leastBudget } from './thinking.ts';
import { isToolForced, toolNameForm } from './tools.ts';
import type { Surface } from './wire.ts';

/** What a model takes, by its family. */
export function supportsOf(model: string, { platform, version }: Surface): Supports {
  const family = familyOf(model);
  const sampling = takesSampling(model, version);
  return {
    tools: true,
    toolChoice: family.forcedTools ? true : ['none'],
    images: family.images,
    files: family.files,
    ...(family.schemas === undefined ? {} : { schema: family.schemas }),
    reasoning: family.thinking !== 'none',
    stream: true,
    stop: true,
    temperature: sampling,
    topP: sampling,
    topK: sampling,
    seed: false,
    presencePenalty: false,
    frequencyPenalty: false,
    parallelToolCalls: true,
    imageUrls: platform === 'anthropic',
    fileUrls: platform === 'anthropic',
    prefill: family.prefill,
  };
}

/** Why a request cannot be said to this model; undefined where it can. */
export function refusal(model: string, request: ProviderRequest, surface: Surface): string | undefined {
  return (
    toolRefusal(model, request) ??
    budgetRefusal(model, request) ??
    stopRefusal(request) ??
    contentRefusal(request, surface)
  );
}

function toolRefusal(model: string, request: ProviderRequest): string | undefined {
  const misnamed = request.tools?.find(({ name }) => !toolNameForm.test(name));
  if (misnamed)
    return `the tool name "${misnamed.name}" is not taken: letters, digits, _ and - are, 128 at most`;
  if (!isToolForced(request)) return undefined;
  if (!familyFor(model, request.supports).forcedTools) return 'this model cannot be made to call a tool';
  return asksForThinking(request.reasoning) && !request.refused?.has('reasoning')
    ? 'a tool cannot be forced while the model reasons'
    : undefined;
}

function budgetRefusal(model: string, request: ProviderRequest): string | undefined {
  const { thinking } = familyFor(model, request.supports);
  const byBudget =
    thinking === 'budget' || (thinking === 'both' && 'budgetTokens' in (request.reasoning ?? {}));
  const maxTokens = request.maxTokens ?? request.maxOutputTokens;
  if (!byBudget || maxTokens === undefined || !asksForThinking(request.reasoning)) return undefined;
  return maxTokens > leastBudget
    ? undefined
    : `reasoning needs more than ${leastBudget} output tokens, and ${maxTokens} are the limit`;
}

function stopRefusal({ stop }: ProviderRequest): string | undefined {
  return stop?.some((sequence) => sequence.trim() === '')
    ? 'a stop sequence of white space only is not taken'
    : undefined;
}

function contentRefusal({ messages }: ProviderRequest, { platform }: Surface): string | undefined {
  for (const message of messages) {
    if (message.role === 'system' || message.role === 'assistant' || typeof message.content === 'string')
      continue;
    for (const part of message.content) {
      const parts: readonly UserPart[] =
        part.type !== 'tool-result' ? [part] : typeof part.content === 'string' ? [] : part.content;
      for (const one of parts) {
        const reason = partRefusal(one, platform);
        if (reason) return reason;
      }
    }
  }
  return undefined;
}
