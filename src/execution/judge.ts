import type { FinishReason } from '../core/completion.ts';
import { schemaMismatchCode, type Failure } from '../core/failure.ts';
import { parseObject, type CompiledSchema } from '../core/schema.ts';
import type { ProviderRequest } from '../providers/provider.ts';
import type { Collected } from './collect.ts';
import type { GuardFailure } from './guard.ts';

const knownReasons: readonly FinishReason[] = ['stop', 'length', 'tool-calls', 'content-filter'];

/** Whether what a provider ended is a whole answer. */
export type Verdict =
  | {
      readonly ok: true;
      readonly finishReason: FinishReason;
      readonly object: unknown;
      readonly warnings: readonly string[];
    }
  | GuardFailure;

export interface Asked {
  readonly request: ProviderRequest;
  readonly schema: CompiledSchema | undefined;
  /** It was asked to go on with an answer of others, and may have found that nothing was missing. */
  readonly mayBeEmpty: boolean;
}

/**
 * Nothing incomplete is ever a success: an empty reply that nothing explains, and an object that does not fit its schema,
 * are failures of the attempt.
 */
export function judge(
  collected: Collected,
  { request, schema, mayBeEmpty }: Asked,
): Verdict | Promise<Verdict> {
  const { finish, toolCalls, text } = collected;
  const said = knownReasons.find((reason) => reason === finish?.finishReason) ?? 'other';
  if (toolCalls.length > 0) {
    const warnings =
      said === 'length' ? ['the output reached its token limit; further tool calls may be missing'] : [];
    return { ok: true, finishReason: 'tool-calls', object: undefined, warnings };
  }
  if (said === 'tool-calls')
    return invalid('the reply says that it calls a tool, but holds no call', 'empty');
  // Nothing to add to an answer that broke off at its very end is an answer.
  if (text.trim() === '' && !mayBeEmpty && !explained(collected, request, said))
    return invalid('the reply is empty', 'empty');
  if (!schema || said !== 'stop') return { ok: true, finishReason: said, object: undefined, warnings: [] };
  return judgeObject(text, schema);
}

function invalid(message: string, code: string): Verdict {
  return { ok: false, failure: { kind: 'invalid-response', message, code } };
}

/** What makes an empty reply a true one: the limit, a filter, a stop sequence, or a turn after tool results. */
function explained({ finish }: Collected, request: ProviderRequest, said: FinishReason): boolean {
  if (said === 'length' || said === 'content-filter') return true;
  if (said !== 'stop' || request.schema) return false;
  if (finish?.stopSequence || (request.stop?.length ?? 0) > 0) return true;
  return request.messages.at(-1)?.role === 'tool';
}

async function judgeObject(text: string, schema: CompiledSchema): Promise<Verdict> {
  const parsed = parseObject(text);
  if (!parsed.ok) return invalid('the reply is not the JSON that was asked for', schemaMismatchCode);
  try {
    const checked = await schema.validate(parsed.value);
    if (checked.ok) return { ok: true, finishReason: 'stop', object: checked.value, warnings: [] };
    return invalid(`the reply does not fit the schema: ${checked.issues}`, schemaMismatchCode);
  } catch (cause) {
    const failure: Failure = {
      kind: 'invalid-response',
      message: "the schema's own code threw",
      code: schemaMismatchCode,
    };
    return { ok: false, failure, cause };
  }
}
