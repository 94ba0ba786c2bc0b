/**
 * What OpenAI's models take, by family. From the API's own refusals as recorded or reported in public, and from the
 * model pages; a model of no known family is taken to take everything.
 */

/** The version of a GPT model: `gpt-5.4-mini` is 5.4; undefined for any other model. */
export function gptVersion(model: string): number | undefined {
  const match = /(?:^|\/)gpt-(\d+)(?:\.(\d+))?/.exec(model);
  return match ? Number(`${match[1]}.${match[2] ?? 0}`) : undefined;
}

export function isOSeries(model: string): boolean {
  return /(?:^|\/)o\d/.test(model);
}

/** Whether a model reasons: the o-series, and GPT from 5 on but for its chat variants. */
export function isReasoningModel(model: string): boolean {
  return isOSeries(model) || ((gptVersion(model) ?? 0) >= 5 && !model.includes('-chat'));
}

/** The efforts that a reasoning model takes. */
export function effortsOf(model: string): readonly string[] {
  if (isOSeries(model)) return ['low', 'medium', 'high'];
  const version = gptVersion(model) ?? 0;
  if (version >= 5.6) return ['none', 'low', 'medium', 'high', 'xhigh', 'max'];
  if (version >= 5.2) return ['none', 'low', 'medium', 'high', 'xhigh'];
  if (version >= 5.1) return ['none', 'low', 'medium', 'high'];
  return ['minimal', 'low', 'medium', 'high'];
}

/** The effort that holds where a request names none: from 5.1 to 5.5 a model does not reason unless asked. */
export function defaultEffort(model: string): string {
  const version = gptVersion(model) ?? 0;
  return version >= 5.1 && version < 5.6 ? 'none' : 'medium';
}

/** Whether temperature and its like can be chosen: never while the model reasons. */
export function takesSampling(model: string, effort: string | undefined): boolean {
  return !isReasoningModel(model) || (effort ?? defaultEffort(model)) === 'none';
}

/** `stop` ended with o3: o1 still takes it. */
export function takesStop(model: string): boolean {
  return !isReasoningModel(model) || /(?:^|\/)o1/.test(model);
}

/**
 * Why Chat Completions refuses function tools: from 5.4 on together with reasoning, from 5.6 on also with the default
 * effort.
 */
export function toolsNeedResponses(model: string, effort: string | undefined): string | undefined {
  const version = gptVersion(model) ?? 0;
  if (!isReasoningModel(model) || version < 5.4) return undefined;
  const isRefused = version >= 5.6 ? effort !== 'none' : effort !== undefined && effort !== 'none';
  if (!isRefused) return undefined;
  const advice =
    version >= 5.6
      ? "To use function tools, use /v1/responses or set reasoning_effort to 'none'."
      : 'Please use /v1/responses instead.';
  return `Function tools with reasoning_effort are not supported for ${model} in /v1/chat/completions. ${advice}`;
}

export function takesImages(model: string): boolean {
  return !/(?:^|\/)(gpt-3\.5|gpt-4$|gpt-4-0|gpt-audio|o1-mini|o3-mini)/.test(model);
}

export function takesSchema(model: string): boolean {
  return !/(?:^|\/)(gpt-3\.5|gpt-4$|gpt-4-0|gpt-4-turbo|gpt-audio|o1-mini)/.test(model);
}
