import type { WireRequest } from '../dialect.ts';

/** What a path asks for. */
export interface Place {
  readonly route: 'gemini' | 'vertex';
  readonly version: string;
  readonly model: string;
  readonly stream: boolean;
}

const geminiPath =
  /^\/(v1|v1alpha|v1beta)\/(?:models|tunedModels)\/([^/:]+):(generateContent|streamGenerateContent)$/;
const vertexPath =
  /^\/(v1|v1beta1)\/(?:projects\/[^/]+\/locations\/[^/]+\/)?publishers\/google\/models\/([^/:]+):(generateContent|streamGenerateContent)$/;

export function placeOf({ path, method }: Pick<WireRequest, 'path' | 'method'>): Place | undefined {
  if (method !== 'POST') return undefined;
  const vertex = vertexPath.exec(path);
  const found = vertex ?? geminiPath.exec(path);
  if (!found) return undefined;
  const [, version, model, task] = found as unknown as [string, string, string, string];
  return {
    route: vertex ? 'vertex' : 'gemini',
    version,
    model: decodeURIComponent(model),
    stream: task === 'streamGenerateContent',
  };
}

/** The key of a request: by header, in the URL, or as the token of Google's cloud. */
export function keyOf({ headers, query }: WireRequest): string | undefined {
  const header = headers['x-goog-api-key'];
  if (typeof header === 'string') return header;
  return query.get('key') ?? /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1];
}

/** 205 for 2.5; names without a version are the newest; undefined for what is no Gemini model. */
export function versionOf(model: string): number | undefined {
  if (!model.startsWith('gemini-')) return undefined;
  const [, major, minor] = /^gemini-(\d+)(?:\.(\d+))?/.exec(model) ?? [];
  return major === undefined ? Infinity : Number(major) * 100 + Number(minor ?? 0);
}
