import type { Transport } from '../core/completion.ts';
import type { Feature } from '../core/failure.ts';
import type { CompletionRequest, Message, Part, Reasoning, Requirements, Schema } from '../core/request.ts';

/** What a request needs of a target, worked out once for each call. */
export interface Demand {
  readonly request: CompletionRequest;
  /** The features that are conditions here; wishes are never among them. */
  readonly features: readonly Feature[];
  /** With `toolChoice` among the features: which kind. */
  readonly toolChoice?: 'none' | 'required' | 'named';
  /** Whether an image or a file is given by its URL. */
  readonly imageUrls: boolean;
  readonly fileUrls: boolean;
  /** All of them must hold. */
  readonly require: readonly Requirements[];
  /** The ids that may serve; undefined: all. */
  readonly targets?: ReadonlySet<string>;
  /** An estimate, worked out when first asked for. */
  inputTokens(): number;
  readonly maxTokens?: number;
  readonly scope?: string;
}

export interface DemandOptions {
  /** The call's allow-list of target ids. */
  readonly targets?: readonly string[];
  /** What the router and the model require beside the request. */
  readonly require?: readonly Requirements[];
  /** Streaming is a condition only where the call insists on it. */
  readonly transport?: Transport | 'auto';
}

/** English text has about four characters to a token; code and other scripts have fewer, so they count for too little. */
const charactersPerToken = 4;
/** An image of middling size; vendors count from 85 to a few thousand. */
const tokensPerImage = 800;
/** A few pages. */
const tokensPerFile = 1_000;
/** A schema that only its own library can write out. */
const charactersPerOpaqueSchema = 400;

export function demandOf(request: CompletionRequest, options: DemandOptions = {}): Demand {
  const contents = contentsOf(request.messages);
  const toolChoice = toolChoiceOf(request);
  const { targets, transport } = options;
  let estimated: number | undefined;
  return {
    request,
    features: featuresOf(request, contents, toolChoice, transport),
    toolChoice,
    imageUrls: contents.imageUrls,
    fileUrls: contents.fileUrls,
    require: request.require ? [...(options.require ?? []), request.require] : (options.require ?? []),
    targets: targets && new Set(targets),
    inputTokens: () => (estimated ??= estimateInputTokens(request)),
    maxTokens: request.maxTokens,
    scope: request.scope,
  };
}

/** Whether a model has to think at all: how much is a wish. */
export function asksForReasoning(reasoning: Reasoning | undefined): boolean {
  return reasoning !== undefined && !('effort' in reasoning && reasoning.effort === 'none');
}

export function asksForStop(stop: CompletionRequest['stop']): boolean {
  return stop !== undefined && stop.length > 0;
}

interface Contents {
  images: boolean;
  files: boolean;
  imageUrls: boolean;
  fileUrls: boolean;
}

function contentsOf(messages: readonly Message[]): Contents {
  const contents: Contents = { images: false, files: false, imageUrls: false, fileUrls: false };
  for (const { content } of messages) notice(contents, content);
  return contents;
}

function notice(contents: Contents, content: string | readonly Part[]): void {
  if (typeof content === 'string') return;
  for (const part of content) {
    if (part.type === 'image') {
      contents.images = true;
      contents.imageUrls ||= 'url' in part && part.url !== undefined;
    } else if (part.type === 'file') {
      contents.files = true;
      contents.fileUrls ||= 'url' in part && part.url !== undefined;
    } else if (part.type === 'tool-result') notice(contents, part.content);
  }
}

function toolChoiceOf({ tools, toolChoice }: CompletionRequest): Demand['toolChoice'] {
  if (!tools?.length || toolChoice === undefined || toolChoice === 'auto') return undefined;
  return typeof toolChoice === 'string' ? toolChoice : 'named';
}

function featuresOf(
  request: CompletionRequest,
  contents: Contents,
  toolChoice: Demand['toolChoice'],
  transport: DemandOptions['transport'],
): Feature[] {
  const features: Feature[] = [];
  if (request.tools?.length) features.push('tools');
  if (toolChoice !== undefined) features.push('toolChoice');
  if (contents.images) features.push('images');
  if (contents.files) features.push('files');
  if (request.schema !== undefined) features.push('schema');
  if (asksForReasoning(request.reasoning)) features.push('reasoning');
  if (asksForStop(request.stop)) features.push('stop');
  if (transport === 'stream') features.push('stream');
  return features;
}

/**
 * A rough count of the request's tokens: four characters each, images and files flat. Reasoning of earlier turns does not
 * count, since most vendors leave it out.
 */
export function estimateInputTokens({
  system,
  messages,
  tools,
  schema,
}: Pick<CompletionRequest, 'system' | 'messages' | 'tools' | 'schema'>): number {
  let characters = (system?.length ?? 0) + (schema === undefined ? 0 : schemaLength(schema));
  for (const tool of tools ?? [])
    characters += tool.name.length + (tool.description?.length ?? 0) + schemaLength(tool.parameters);
  let tokens = 0;
  for (const { content } of messages) tokens += contentTokens(content);
  return Math.ceil(characters / charactersPerToken + tokens);
}

function contentTokens(content: string | readonly Part[]): number {
  if (typeof content === 'string') return content.length / charactersPerToken;
  return content.reduce((tokens, part) => tokens + partTokens(part), 0);
}

function partTokens(part: Part): number {
  switch (part.type) {
    case 'text':
      return part.text.length / charactersPerToken;
    case 'image':
      return tokensPerImage;
    case 'file':
      return tokensPerFile;
    case 'tool-call':
      return (part.name.length + jsonLength(part.arguments)) / charactersPerToken;
    case 'tool-result':
      return contentTokens(part.content);
    default:
      return 0;
  }
}

function schemaLength(schema: Schema): number {
  return '~standard' in schema ? charactersPerOpaqueSchema : jsonLength(schema);
}

/** How long it is when written out. */
export function jsonLength(value: unknown): number {
  try {
    return JSON.stringify(value).length;
  } catch {
    // What cannot be written out is refused elsewhere, with a better word than this estimate could have.
    return 0;
  }
}
