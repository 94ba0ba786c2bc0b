import { AnthropicBedrock } from '@anthropic-ai/bedrock-sdk';
import { AnthropicVertex } from '@anthropic-ai/vertex-sdk';

export function bedrockClient(baseURL: string, options: object = {}): AnthropicBedrock {
  return new AnthropicBedrock({ awsRegion: 'eu-central-1', apiKey: 'k', baseURL, ...options });
}

/** With an authentication of its own: otherwise the constructor starts to look for credentials. */
export function vertexClient(baseURL: string, token = 'token'): AnthropicVertex {
  const getRequestHeaders = async () => new Headers({ authorization: `Bearer ${token}` });
  return new AnthropicVertex({
    region: 'europe-west1',
    projectId: 'p',
    baseURL,
    authClient: { getRequestHeaders } as never,
  });
}
