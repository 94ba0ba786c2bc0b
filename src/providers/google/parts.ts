import { toBase64 } from '../../core/binary.ts';
import type { FilePart, ImagePart, ToolResultPart, UserPart } from '../../core/request.ts';
import type { WireFunctionResponse, WirePart } from './wire.ts';

/** One part of a user's turn; undefined for an empty text, which says nothing and is refused by some models. */
export function userPart(part: UserPart): WirePart | undefined {
  if (part.type === 'text') return part.text === '' ? undefined : { text: part.text };
  return mediaPart(part);
}

/** An image or a file: bytes go inline, a URL is handed on for the vendor to fetch. */
export function mediaPart(part: ImagePart | FilePart): WirePart {
  if ('data' in part) return { inlineData: { mimeType: part.mediaType, data: toBase64(part.data) } };
  const inline = /^data:([^;,]*)[^,]*;base64,(.*)$/is.exec(part.url);
  if (inline) return { inlineData: { mimeType: inline[1] as string, data: inline[2] as string } };
  const mimeType = (part.type === 'file' ? part.mediaType : undefined) ?? mediaTypeOf(part.url);
  return { fileData: { ...(mimeType === undefined ? {} : { mimeType }), fileUri: part.url } };
}

const mediaTypes: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  heic: 'image/heic',
  heif: 'image/heif',
  gif: 'image/gif',
  pdf: 'application/pdf',
  txt: 'text/plain',
  md: 'text/markdown',
  csv: 'text/csv',
  html: 'text/html',
  json: 'application/json',
  mp3: 'audio/mp3',
  wav: 'audio/wav',
  ogg: 'audio/ogg',
  flac: 'audio/flac',
  mp4: 'video/mp4',
  mov: 'video/mov',
  webm: 'video/webm',
};

/** The type that a URL's ending speaks of; Vertex demands one. */
function mediaTypeOf(url: string): string | undefined {
  const ending = /\.([a-z0-9]+)(?:[?#]|$)/i.exec(url)?.[1]?.toLowerCase();
  return ending === undefined ? undefined : mediaTypes[ending];
}

/** A tool's result, and the images and files of it that have to stand beside it. */
export interface ToolAnswer {
  readonly response: WireFunctionResponse;
  readonly beside: readonly WirePart[];
}

/** `callId` only where Gemini itself gave the call an id. */
export function toolAnswer(
  result: ToolResultPart,
  callId: string | undefined,
  mediaInside: boolean,
): ToolAnswer {
  const content =
    typeof result.content === 'string' ? [{ type: 'text', text: result.content } as const] : result.content;
  const text = content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
  const media = content.flatMap((part) => (part.type === 'text' ? [] : [mediaPart(part)]));
  const inside = mediaInside && media.length > 0;
  return {
    response: {
      ...(callId === undefined ? {} : { id: callId }),
      name: result.name ?? 'tool',
      response: result.isError ? { error: text } : { output: text },
      ...(inside ? { parts: media } : {}),
    },
    beside: inside ? [] : media,
  };
}
