import type { ErrorDetails, VendorErrorKind, WholeAnswer, WireRequest } from '../dialect.ts';

/** Who speaks the wire format: OpenAI itself, Azure, or a compatible endpoint such as OpenRouter or vLLM. */
export type Flavour = 'openai' | 'azure' | 'compatible';

/** Why a request is refused, in the vendor's own fields. */
export interface Refusal {
  readonly message: string;
  readonly param?: string | null;
  readonly code?: string | null;
  /** @default 'invalid_request_error' */
  readonly type?: string;
  /** @default 400 */
  readonly status?: number;
}

/** A refusal as an HTTP answer. */
export function refusalAnswer(refusal: Refusal): { kind: 'error' } & WholeAnswer {
  const { message, param = null, code = null, type = 'invalid_request_error', status = 400 } = refusal;
  return { kind: 'error', status, body: { error: { message, type, param, code } } };
}

export function unknownParameter(param: string): Refusal {
  return { message: `Unknown parameter: '${param}'.`, param, code: 'unknown_parameter' };
}

export function missingParameter(param: string): Refusal {
  return { message: `Missing required parameter: '${param}'.`, param, code: 'missing_required_parameter' };
}

export function unsupportedParameter(param: string, advice = ''): Refusal {
  const message = `Unsupported parameter: '${param}' is not supported with this model.${advice}`;
  return { message, param, code: 'unsupported_parameter' };
}

export function invalidType(param: string, expected: string, value: unknown): Refusal {
  const got = value === null ? 'null' : Array.isArray(value) ? 'an array' : `${typeof value}`;
  return {
    message: `Invalid type for '${param}': expected ${expected}, but got ${got} instead.`,
    param,
    code: 'invalid_type',
  };
}

export function emptyArray(param: string): Refusal {
  return {
    message: `Invalid '${param}': empty array. Expected an array with minimum length 1, but got an empty array instead.`,
    param,
    code: 'empty_array',
  };
}

interface Words extends Refusal {
  readonly status: number;
}

/** What OpenAI says for each kind; statuses and codes as recorded from its API and named in its error guide. */
function wordsOf(kind: VendorErrorKind | 'status', { request, status = 500 }: ErrorDetails): Words {
  const model = modelOf(request);
  switch (kind) {
    case 'server-error':
      return { status: 500, type: 'server_error', code: 'server_error', message: serverErrorText(request) };
    case 'overloaded':
      return {
        status: 503,
        type: 'service_unavailable_error',
        code: 'server_is_overloaded',
        message: 'Our servers are currently overloaded. Please try again later.',
      };
    case 'rate-limit':
      return {
        status: 429,
        type: 'requests',
        code: 'rate_limit_exceeded',
        message: `Rate limit reached for ${model} on requests per min (RPM): Limit 500, Used 500, Requested 1.`,
      };
    case 'quota':
      return {
        status: 429,
        type: 'insufficient_quota',
        code: 'insufficient_quota',
        message: 'You exceeded your current quota, please check your plan and billing details.',
      };
    case 'auth':
      return { status: 401, code: 'invalid_api_key', message: 'Incorrect API key provided.' };
    case 'permission':
      return {
        status: 403,
        type: 'request_forbidden',
        code: 'unsupported_country_region_territory',
        message: 'Country, region, or territory not supported',
      };
    case 'model-not-found':
      return {
        status: 404,
        code: 'model_not_found',
        message: `The model \`${model}\` does not exist or you do not have access to it.`,
      };
    case 'context-length':
      return contextLength(request);
    case 'content-policy':
      return {
        status: 400,
        code: 'invalid_prompt',
        message: 'Invalid prompt: your prompt was flagged as potentially violating our usage policy.',
      };
    case 'bad-request':
      return { status: 400, message: 'The request is not valid.' };
    case 'status':
      return {
        status,
        type: status >= 500 ? 'server_error' : 'invalid_request_error',
        message: `Status ${status}`,
      };
  }
}

function contextLength(request: WireRequest): Words {
  const isResponses = request.path.endsWith('/responses');
  return {
    status: 400,
    code: 'context_length_exceeded',
    param: isResponses ? 'input' : 'messages',
    message: isResponses
      ? 'Your input exceeds the context window of this model. Please adjust your input and try again.'
      : "This model's maximum context length is 128000 tokens. However, your messages resulted in 128042 tokens.",
  };
}

function serverErrorText(request: WireRequest): string {
  return `An error occurred while processing your request. Please include the request ID req_${request.number}.`;
}

/** What Azure says where it differs: numbers as codes, often no type. */
function azureWords(
  kind: VendorErrorKind | 'status',
  details: ErrorDetails,
): Words & { innererror?: object } {
  const words = wordsOf(kind, details);
  switch (kind) {
    case 'auth':
      return {
        status: 401,
        code: '401',
        message: 'Access denied due to invalid subscription key or wrong API endpoint.',
      };
    case 'rate-limit':
      return {
        status: 429,
        code: '429',
        message: 'Requests have exceeded the call rate limit of this deployment.',
      };
    case 'model-not-found':
      return {
        status: 404,
        type: 'invalid_request_error',
        code: 'DeploymentNotFound',
        message: 'The API deployment for this resource does not exist.',
      };
    case 'content-policy':
      return {
        status: 400,
        param: 'prompt',
        code: 'content_filter',
        message:
          "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        innererror: {
          code: 'ResponsibleAIPolicyViolation',
          content_filter_result: { violence: { filtered: true, severity: 'high' } },
        },
      };
    default:
      return words;
  }
}

/** Statuses of OpenRouter, where they differ from OpenAI's. */
const compatibleStatus: Partial<Record<VendorErrorKind | 'status', number>> = {
  'server-error': 502,
  quota: 402,
};

/** An error of the vendor's as an HTTP answer. */
export function vendorError(
  flavour: Flavour,
  kind: VendorErrorKind | 'status',
  details: ErrorDetails,
): WholeAnswer {
  const error = vendorErrorBody(flavour, kind, details);
  const status = statusOfKind(flavour, kind, details);
  const requestId = `req_${details.request.number}`;
  const headers: Record<string, string> =
    flavour === 'azure' ? { 'apim-request-id': requestId } : { 'x-request-id': requestId };
  return { status, headers, body: { error } };
}

function statusOfKind(flavour: Flavour, kind: VendorErrorKind | 'status', details: ErrorDetails): number {
  const { status } = flavour === 'azure' ? azureWords(kind, details) : wordsOf(kind, details);
  return flavour === 'compatible' ? (compatibleStatus[kind] ?? status) : status;
}

/** The object under `error`. */
export function vendorErrorBody(
  flavour: Flavour,
  kind: VendorErrorKind | 'status',
  details: ErrorDetails,
): Record<string, unknown> {
  const words = flavour === 'azure' ? azureWords(kind, details) : wordsOf(kind, details);
  const { status: _status, ...fields } = words;
  const message = [details.message ?? words.message, hintOf(flavour, details.bodyRetryAfterMs)].join('');
  const code = details.code ?? words.code ?? null;
  if (flavour === 'compatible') {
    return {
      code: details.code ?? statusOfKind(flavour, kind, details),
      message,
      metadata: { provider_name: null },
    };
  }
  if (flavour === 'azure') return { ...fields, message, code };
  return { message, type: words.type ?? 'invalid_request_error', param: words.param ?? null, code };
}

/** Where no header says it, the wait stands in the message, in each vendor's own words. */
function hintOf(flavour: Flavour, ms: number | undefined): string {
  if (ms === undefined) return '';
  if (flavour === 'azure') return ` Please retry after ${Math.ceil(ms / 1000)} seconds.`;
  return ` Please try again in ${ms < 1000 ? `${ms}ms` : `${ms / 1000}s`}.`;
}

export function modelOf(request: WireRequest): string {
  const deployment = /\/deployments\/([^/]+)\//.exec(request.path)?.[1];
  if (deployment !== undefined) return decodeURIComponent(deployment);
  return typeof request.body.model === 'string' ? request.body.model : 'unknown';
}
