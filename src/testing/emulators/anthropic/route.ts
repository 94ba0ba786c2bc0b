import type { WireRequest } from '../dialect.ts';

/** Whose door a request came through. */
export type Door = 'anthropic' | 'bedrock' | 'vertex';

/** What a request asks for, by its path and body. */
export interface Route {
  readonly door: Door;
  readonly model: string;
  readonly stream: boolean;
  /** The API version, from the header or, at the clouds, from the body. */
  readonly version: string | undefined;
  /** The key of whoever asks: for AWS the access key id, which a signature names openly. */
  readonly key: string | undefined;
}

const bedrockPath = /\/model\/([^/]+)\/(invoke|invoke-with-response-stream)$/;
const vertexPath = /\/publishers\/anthropic\/models\/([^/:]+):(rawPredict|streamRawPredict)$/;

/** The door by the path alone: also requests that are refused are answered in the words of their door. */
export function doorOf({ path }: WireRequest): Door | undefined {
  if (bedrockPath.test(path)) return 'bedrock';
  if (vertexPath.test(path)) return 'vertex';
  return path.endsWith('/v1/messages') ? 'anthropic' : undefined;
}

/** Undefined for a path that nobody answers. */
export function routeOf(request: WireRequest): Route | undefined {
  const { path, body, headers } = request;
  const key = keyOf(request);
  const [, bedrockModel, operation] = bedrockPath.exec(path) ?? [];
  if (bedrockModel) {
    const stream = operation === 'invoke-with-response-stream';
    return {
      door: 'bedrock',
      model: decodeURIComponent(bedrockModel),
      stream,
      version: bodyVersion(body),
      key,
    };
  }
  const [, vertexModel, specifier] = vertexPath.exec(path) ?? [];
  if (vertexModel) {
    const stream = specifier === 'streamRawPredict';
    return {
      door: 'vertex',
      model: decodeURIComponent(vertexModel),
      stream,
      version: bodyVersion(body),
      key,
    };
  }
  if (!path.endsWith('/v1/messages')) return undefined;
  const version = headers['anthropic-version'];
  return {
    door: 'anthropic',
    model: typeof body['model'] === 'string' ? body['model'] : '',
    stream: body['stream'] === true,
    version: typeof version === 'string' ? version : undefined,
    key,
  };
}

function bodyVersion(body: WireRequest['body']): string | undefined {
  return typeof body['anthropic_version'] === 'string' ? body['anthropic_version'] : undefined;
}

function keyOf({ headers }: WireRequest): string | undefined {
  const apiKey = headers['x-api-key'];
  if (typeof apiKey === 'string') return apiKey;
  const authorization = headers.authorization ?? '';
  const accessKeyId = /^AWS4-HMAC-SHA256 Credential=([^/]+)\//.exec(authorization)?.[1];
  return accessKeyId ?? /^Bearer (.+)$/.exec(authorization)?.[1];
}
