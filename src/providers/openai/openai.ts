import { isObject } from '../../core/check.ts';
import { classifyError, failureError } from '../failure.ts';
import type { Provider } from '../provider.ts';
import { eventsOf, streamOf, type Ask } from '../sink.ts';
import { answer } from './answer.ts';
import { chatRequest } from './chat-request.ts';
import { classifyOpenAI, paramOf } from './classify.ts';
import { accessOf } from './client.ts';
import type { Asked } from './draft.ts';
import { endpointAt, endpointOf, isAzureClient } from './endpoint.ts';
import { learnFrom, modelFacts, type Sent } from './facts.ts';
import { problemsOf, type OpenAIOptions, type OpenAISettings } from './options.ts';
import { responsesRequest } from './responses-request.ts';
import { apiFor, refusalOf, supportsOf, type RouteSetting } from './route.ts';

/**
 * A provider for OpenAI, Azure OpenAI and every server that speaks their format (OpenRouter, LiteLLM, DeepSeek, Mistral,
 * vLLM…), over the official `openai` package, version 6 or 7.
 *
 * The SDK makes the request, authenticates and names its errors; the reply is read here, byte by byte, so that nothing
 * cut off passes for an answer. The SDK's retries and its timeout are off for every request, also on the host's client.
 * Nothing is stored at OpenAI unless `providerOptions` say `store: true`. A schema that strict mode can enforce is sent
 * as strict, any other is not; `{}` asks for `json_object`, and adds a word on JSON where the prompt holds none.
 *
 * Faults of the options throw nothing here: `createRouter` reports them as `invalid-config`. A missing package is one,
 * and else the failure of a call: kind `unknown`, code `sdk-missing`.
 *
 * @example
 * openai({ apiKey: () => vault.read('openai') });
 * openai({ client: new AzureOpenAI({ endpoint, apiVersion, apiKey }) });
 * openai({ apiKey, baseURL: 'https://openrouter.ai/api/v1', name: 'openrouter' });
 */
export function openai(given: OpenAIOptions): Provider {
  const options = usable(given);
  const access = accessOf(options);
  const setting = settingOf(options, access.baseURL);
  const factsOf = modelFacts();
  const { ring } = access;

  const askFor =
    (streaming: boolean): Ask =>
    async (call, sink) => {
      const facts = factsOf(call.model);
      const api = apiFor(setting, facts, call.request);
      const asked: Asked = { call, api, endpoint: setting.endpoint, facts, streaming };
      const draft = api === 'chat' ? chatRequest(asked) : responsesRequest(asked);
      const explain = (error: unknown, requestId: string | undefined) =>
        explained(error, requestId, { body: draft.body, facts });
      await answer({ asked, access, draft, explain }, sink);
    };
  const askStreamed = askFor(true);
  const askWhole = askFor(false);

  function explained(error: unknown, requestId: string | undefined, sent: Sent): Error {
    const failure = learnFrom(classifyError(provider, error), paramOf(error), sent);
    return failureError({ ...failure, requestId: failure.requestId ?? requestId }, error);
  }

  const provider: Provider = {
    name: options.name ?? (isAzure(options) ? 'azure' : 'openai'),
    kind: 'openai',
    problems: [...problemsOf(given), ...access.problems],
    stream: (call) => streamOf(call, askStreamed),
    complete: (call) => eventsOf(call, askWhole),
    classify: classifyOpenAI,
    supports: (model) => supportsOf(setting, factsOf(model)),
    refuses: (model, request) => refusalOf(setting, factsOf(model), request),
    secrets: () => access.secrets(),
    ...(ring && {
      refreshKey: ring.refresh,
      setKey: (key: string) => ring.set(key),
      withKey: (apiKey: string) => openai({ ...(options as OpenAISettings), apiKey }),
      keyVersion: () => ring.version(),
    }),
  };
  return provider;
}

/** What is no client becomes one without methods: `problems` says so, and nothing is thrown here. */
function usable(given: OpenAIOptions | undefined): OpenAIOptions {
  const options = isObject(given) ? given : ({} as OpenAIOptions);
  const { client } = options;
  const isClient =
    client === undefined || typeof client === 'function' || (typeof client === 'object' && client !== null);
  return isClient ? options : { ...(options as object), client: {} };
}

function settingOf(options: OpenAIOptions, baseURL: string | undefined): RouteSetting {
  const { client, api = 'auto' } = options;
  return client
    ? { api, endpoint: endpointOf(client), hasResponses: typeof client.responses?.create === 'function' }
    : { api, endpoint: endpointAt(baseURL ?? ''), hasResponses: true };
}

function isAzure({ client }: OpenAIOptions): boolean {
  return client !== undefined && isAzureClient(client);
}
