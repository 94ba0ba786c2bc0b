import { each } from '../../core/each.ts';
import type { FailureKind, Feature } from '../../core/failure.ts';

/** What a vendor says in words, read only where its status and code leave it open. */
interface TextRule {
  readonly kind: FailureKind;
  readonly pattern: RegExp;
}

/** In a 400, 404, 413 or 422: what the words add to it. */
const badRequestRules: readonly TextRule[] = [
  {
    kind: 'context-length',
    pattern:
      /ContextWindowExceeded|max(imum)? context length|context (length|window|limit|size)|longer than the model's|input tokens exceed|`inputs` tokens \+ `max_new_tokens`|maximum number of tokens allowed|prompt (is )?too long|input is too long|too many (input )?tokens|current length is .* while limit is|(^|'(messages|input|instructions)\S*: )string too long/i,
  },
  {
    kind: 'content-policy',
    pattern:
      /ContentPolicyViolation|content_policy_violation|content management policy|ResponsibleAIPolicyViolation|safety system|violating our usage policy|content filtering policy|content_filter_policy|flagged (for|as)/i,
  },
  { kind: 'auth', pattern: /incorrect api key|invalid api key|api key not valid|invalid_api_key/i },
  {
    kind: 'quota',
    pattern:
      /credit balance is too low|insufficient_quota|exceeded your current quota|budget has been exceeded|ExceededBudget/i,
  },
  // The model's own words were at fault, not the request.
  { kind: 'invalid-response', pattern: /model produced invalid content/i },
  {
    kind: 'model-not-found',
    pattern:
      /invalid model (id|name)|not a valid model|model .{0,200}(does not exist|not found|is not available)|unknown model|no such model/i,
  },
];

export function kindOfBadRequestText(text: string): FailureKind | undefined {
  return badRequestRules.find(({ pattern }) => pattern.test(text))?.kind;
}

/** What words say where status and code leave it open. */
export const words = {
  /** In a 429 or 403: money, not haste, is the matter. */
  quota:
    /exceeded your (current|monthly) (quota|usage)|insufficient (quota|balance|credits|funds)|credit balance|call volume quota|billing|spend(ing)? limit|budget has been exceeded|ExceededBudget/i,
  /** llama.cpp says it in a 500. */
  contextFull: /context size has been exceeded|exceeds the available context size/i,
  /** Larger than the whole limit per minute: no waiting helps, only a shorter request. */
  tooLarge: /request too large|must be reduced in order to run/i,
  /** A parameter or a feature is refused by name. */
  unsupported:
    /unsupported|(does|do|is|are) not support|not (currently )?supported|not permitted|not allowed to request|unrecognized request argument|unknown (name|parameter|argument|field)|extra (fields|inputs)|no endpoints found that (can )?(support|handle)|enable-auto-tool-choice|only the default/i,
} as const;

const featuresByParameter: Readonly<Record<string, Feature>> = {
  ...each('tools functions', 'tools'),
  ...each('response_format response_format.type text.format text.format.type json_schema', 'schema'),
  ...each('reasoning reasoning.effort reasoning_effort', 'reasoning'),
  ...each('seed random_seed', 'seed'),
  temperature: 'temperature',
  top_p: 'topP',
  top_k: 'topK',
  presence_penalty: 'presencePenalty',
  frequency_penalty: 'frequencyPenalty',
  stop: 'stop',
  parallel_tool_calls: 'parallelToolCalls',
  tool_choice: 'toolChoice',
  stream: 'stream',
};

const featuresByText: readonly (readonly [RegExp, Feature])[] = [
  [
    /enable-auto-tool-choice|tool[ _-]?(use|call)|function call|(support|with) tools|tools (is|are) not/i,
    'tools',
  ],
  [/image/i, 'images'],
  [/json_schema|response_format|structured output/i, 'schema'],
  [/\bfiles?\b|\bpdf\b/i, 'files'],
  [/streaming/i, 'stream'],
  [/thinking|reasoning/i, 'reasoning'],
];

/** The feature that was refused: by the vendor's own `param`, by a name in quotes, by words. */
export function featureOf(param: string | undefined, text: string): Feature | undefined {
  // A path into a parameter is about what stands there, not about the parameter.
  if (param !== undefined && param in featuresByParameter) return featuresByParameter[param];
  const named = /(?:supplied: |parameters?:? )([a-z_]+)(?![\w.[])|['"`]([a-z_]+)['"`]/.exec(text);
  const byName = featuresByParameter[named?.[1] ?? named?.[2] ?? ''];
  if (byName !== undefined) return byName;
  if (/['"`][a-z_]+[.[]/.test(text) && !/image|json_schema/.test(text)) return undefined;
  return featuresByText.find(([pattern]) => pattern.test(text))?.[1];
}

const waits: readonly RegExp[] = [
  /try again in ((?:\d+(?:\.\d+)?(?:ms|[smhd]))+)/i,
  /(?:retry|try again) (?:after|in) (\d+(?:\.\d+)?) ?(?:seconds?|sec)/i,
];

/** A wait that the message itself names, as `1.5s` or as seconds. */
export function waitIn(text: string): string | undefined {
  for (const pattern of waits) {
    const found = pattern.exec(text)?.[1];
    if (found !== undefined) return /[a-z]$/i.test(found) ? found : `${found}s`;
  }
  return undefined;
}
