import { wishes, type Wish } from '../../core/failure.ts';
import { failureError } from '../failure.ts';
import type { ProviderCall, ProviderRequest } from '../provider.ts';
import type { Endpoint } from './endpoint.ts';
import type { ModelFacts } from './facts.ts';
import { effortAsked, nearestEffort, openEfforts } from './families.ts';
import type { OpenAIApi } from './options.ts';

/** One call, and what is known of whom it goes to. */
export interface Asked {
  readonly call: ProviderCall;
  readonly api: OpenAIApi;
  readonly endpoint: Endpoint;
  readonly facts: ModelFacts;
  readonly streaming: boolean;
}

/** A vendor's body, and what the attempt has to say about it. */
export interface Draft {
  readonly body: Record<string, unknown>;
  readonly ignored: string[];
  readonly warnings: string[];
}

const sampling: readonly Wish[] = ['temperature', 'topP', 'presencePenalty', 'frequencyPenalty'];

/** Puts each wish under the vendor's name for it, or names it in `ignored`. */
export function addWishes(
  asked: Asked,
  draft: Draft,
  names: Readonly<Partial<Record<Wish, string>>>,
  effort: string | undefined,
): void {
  const { request } = asked.call;
  const { family } = asked.facts;
  const thinks = family.reasons && (effort ?? family.defaultEffort) !== 'none';
  for (const wish of wishes) {
    const value = request[wish];
    // Without tools there is nothing to call in parallel, and some models refuse the parameter then.
    if (value === undefined || (wish === 'parallelToolCalls' && !request.tools?.length)) continue;
    const name = names[wish];
    const isKnown = family.supports[wish] !== false && !(thinks && sampling.includes(wish));
    if (name !== undefined && takes(request, wish, isKnown)) draft.body[name] = value;
    else draft.ignored.push(wish);
  }
}

/** What was refused counts more than what the host states, and that more than what is known of the family. */
function takes({ refused, supports }: ProviderRequest, wish: Wish, isKnown: boolean): boolean {
  return refused?.has(wish) !== true && (supports?.[wish] ?? isKnown);
}

/**
 * The effort to send; undefined to send none. A level that the model does not have becomes the nearest that it has, and
 * is named in `ignored`.
 * @throws a failure of kind `unsupported` where reasoning is asked of a model that cannot
 */
export function effortOf(asked: Asked, draft: Draft): string | undefined {
  const { request } = asked.call;
  const { family, refusedEfforts } = asked.facts;
  const quiet = family.efforts.includes('none') && needsQuiet(asked) ? 'none' : undefined;
  if (request.reasoning === undefined) return quiet;
  const wanted = effortAsked(request.reasoning);
  if (request.refused?.has('reasoning')) {
    draft.ignored.push('reasoning');
    return quiet;
  }
  const isStated = request.supports?.reasoning === true;
  if (family.known && !family.reasons && !isStated) {
    if (wanted === 'none') return undefined;
    throw failureError({
      kind: 'unsupported',
      feature: 'reasoning',
      message: `${asked.call.model} does not reason`,
    });
  }
  const efforts = isStated && !family.reasons ? openEfforts : family.efforts;
  const taken = efforts.filter((effort) => !refusedEfforts.has(effort));
  // Asked to think, a model is not told to think nothing.
  const effort = nearestEffort(wanted, wanted === 'none' ? taken : taken.filter((one) => one !== 'none'));
  if (effort !== wanted) draft.ignored.push('reasoning');
  return effort;
}

/** Chat Completions of gpt-5.4 and later take tools only from a model that does not reason, and 5.6 does by default. */
function needsQuiet({ api, call, facts }: Asked): boolean {
  if (api !== 'chat' || !call.request.tools?.length) return false;
  return facts.family.toolsNeedResponses || facts.toolsNeedResponses === true;
}

/** `n` would bring answers that nobody reads, `background` no answer at all. */
const ownedKeys = ['model', 'messages', 'input', 'instructions', 'stream', 'n', 'background'];

/**
 * Merges the host's own options into the body: objects member by member, `tools` after those of the request, all else in
 * place of what was there.
 * @throws a failure of kind `bad-request` that names a key which the engine owns
 */
export function mergeOptions(draft: Draft, options: Readonly<Record<string, unknown>> | undefined): void {
  if (!options) return;
  const owned = ownedKeys.find((key) => key in options);
  if (owned !== undefined) {
    throw failureError({
      kind: 'bad-request',
      message: `providerOptions.${owned}: belongs to the request itself and cannot be set here`,
    });
  }
  const { tools } = draft.body;
  Object.assign(draft.body, merged(draft.body, options));
  if (Array.isArray(tools) && Array.isArray(options['tools'])) {
    draft.body['tools'] = [...(tools as unknown[]), ...(options['tools'] as unknown[])];
  }
}

type PlainObject = Readonly<Record<string, unknown>>;

function merged(under: PlainObject, over: PlainObject): Record<string, unknown> {
  const result: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const below = result[key];
    result[key] = isPlain(below) && isPlain(value) ? merged(below, value) : value;
  }
  return result;
}

function isPlain(value: unknown): value is PlainObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function refuseFeature(feature: 'files' | 'images' | 'stop' | 'schema', message: string): Error {
  return failureError({ kind: 'unsupported', feature, message });
}
