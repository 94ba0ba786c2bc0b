import type { FailureKind, Feature } from '../../core/failure.ts';

/** `error.details.error_code`: more precise than type and status. Source: the SDK's classes by code. */
export const kindsByCode: Readonly<Record<string, FailureKind>> = {
  enforced_spend_limit_reached: 'quota',
  contract_spend_limit_reached: 'quota',
  linked_organization_spend_limit_reached: 'quota',
  linked_organization_billing_unavailable: 'quota',
  user_profile_not_billable: 'quota',
  organization_on_hold: 'quota',
  ramp_limit_exceeded: 'rate-limit',
  compaction_unavailable: 'overloaded',
};

/** Words for types, in lower case: the vendor's own, then those of AWS and of Google. */
export const kindsByType: Readonly<Record<string, FailureKind>> = {
  invalid_request_error: 'bad-request',
  authentication_error: 'auth',
  billing_error: 'quota',
  permission_error: 'permission',
  not_found_error: 'model-not-found',
  request_too_large: 'context-length',
  rate_limit_error: 'rate-limit',
  timeout_error: 'timeout',
  api_error: 'server-error',
  overloaded_error: 'overloaded',
  conflict_error: 'server-error',

  validationexception: 'bad-request',
  accessdeniedexception: 'permission',
  unrecognizedclientexception: 'auth',
  invalidclienttokenid: 'auth',
  invalidsignatureexception: 'auth',
  incompletesignature: 'auth',
  incompletesignatureexception: 'auth',
  missingauthenticationtoken: 'auth',
  missingauthenticationtokenexception: 'auth',
  expiredtoken: 'auth',
  expiredtokenexception: 'auth',
  resourcenotfoundexception: 'model-not-found',
  throttlingexception: 'rate-limit',
  modelnotreadyexception: 'rate-limit',
  servicequotaexceededexception: 'quota',
  serviceunavailableexception: 'overloaded',
  internalserverexception: 'server-error',
  internalfailure: 'server-error',
  modelerrorexception: 'server-error',
  modelstreamerrorexception: 'server-error',
  modeltimeoutexception: 'timeout',

  invalid_argument: 'bad-request',
  failed_precondition: 'permission',
  unauthenticated: 'auth',
  permission_denied: 'permission',
  not_found: 'model-not-found',
  resource_exhausted: 'rate-limit',
  unavailable: 'overloaded',
  deadline_exceeded: 'timeout',
  internal: 'server-error',
};

const billingWords =
  /credit balance is too low|reached your specified (workspace )?API usage limits|spend limit/i;
const dailyWords = /too many tokens per day|per[- ]day/i;
const lengthWords =
  /prompt is too long|prompt: length|input is too long|too many (input )?tokens(?! per)|exceed(s|ed)? (the )?(model'?s )?context (limit|window|length)|expected maxLength/i;
const keyWords = /invalid (x-)?api[- ]key/i;
const policyWords = /content filtering policy|violates? .*usage polic/i;
const modelWords = /model identifier is invalid|on-demand throughput|^model: |invalid model/i;
const unsupportedWords =
  /extra inputs are not permitted|(does|do|are|is) not (be )?support(ed)?\b|not supported|deprecated for this model|unsupported|cannot both be specified|may not be enabled when|maximum allowed number of output tokens|not available (on|for) this model/i;

/** What the text adds where type and status leave it open. */
export function kindByText(
  kind: FailureKind,
  message: string,
): { readonly kind: FailureKind; readonly feature?: Feature | undefined } | undefined {
  if (kind === 'rate-limit')
    return billingWords.test(message) || dailyWords.test(message) ? { kind: 'quota' } : undefined;
  if (kind !== 'bad-request') return undefined;
  if (billingWords.test(message)) return { kind: 'quota' };
  if (lengthWords.test(message)) return { kind: 'context-length' };
  if (keyWords.test(message)) return { kind: 'auth' };
  if (policyWords.test(message)) return { kind: 'content-policy' };
  if (modelWords.test(message)) return { kind: 'model-not-found' };
  return unsupportedWords.test(message) ? { kind: 'unsupported', feature: featureOf(message) } : undefined;
}

/** The vendor's words for what a request may ask for; the first that is named counts, longer ones first. */
const features: readonly (readonly [RegExp, Feature])[] = [
  [/disable_parallel_tool_use/, 'parallelToolCalls'],
  [/tool_choice|forces tool use/, 'toolChoice'],
  [/output_config\.format|output_format|json_schema|structured output/i, 'schema'],
  [/thinking|effort|budget_tokens/i, 'reasoning'],
  [/top_p/, 'topP'],
  [/top_k/, 'topK'],
  [/temperature/, 'temperature'],
  [/stop_sequences/, 'stop'],
  [/\bimages?\b/i, 'images'],
  [/\bdocuments?\b|\bpdf\b/i, 'files'],
  [/\btools?\b/i, 'tools'],
  [/\bstream(ing)?\b/i, 'stream'],
];

function featureOf(message: string): Feature | undefined {
  // "`temperature` and `top_p` cannot both be specified": one of them can.
  if (/cannot both be specified/.test(message)) return 'topP';
  const path = /^["'`]?([a-z_.0-9]+)["'`]?:/.exec(message)?.[1];
  const named = path ? features.find(([words]) => words.test(path)) : undefined;
  if (path) return path.startsWith('messages') ? undefined : named?.[1];
  return features.find(([words]) => words.test(message))?.[1];
}
