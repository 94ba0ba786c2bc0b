import { toBase64, toBytes } from '../../core/binary.ts';
import type { FilePart, ImagePart, TextPart, UserPart } from '../../core/request.ts';
import type { Feature } from '../../core/failure.ts';
import { failureError } from '../failure.ts';
import type { Block, Platform } from './wire.ts';

const imageTypes = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);
const textType = /^text\/|^application\/(json|xml|yaml|x-yaml|javascript|x-ndjson)$|\+(json|xml)$/;

function mediaTypeOf(type: string): string {
  const plain = (type.split(';')[0] as string).trim().toLowerCase();
  return plain === 'image/jpg' ? 'image/jpeg' : plain;
}

type MediaPart = ImagePart | FilePart;
type DataPart = Extract<MediaPart, { mediaType: string; data: unknown }>;
type UrlPart = Extract<MediaPart, { url: string }>;

/** Why a part cannot be said to this vendor; undefined where it can. */
export function partRefusal(part: UserPart, platform: Platform): string | undefined {
  if (part.type === 'text') return undefined;
  if (!('url' in part)) return typeRefusal(part.type, mediaTypeOf(part.mediaType));
  const inlined = /^data:([^,;]*)/.exec(part.url);
  return inlined
    ? typeRefusal(part.type, mediaTypeOf(inlined[1] || defaultType))
    : urlRefusal(part, platform);
}

function typeRefusal(partType: MediaPart['type'], type: string): string | undefined {
  if (partType === 'image' || type.startsWith('image/')) {
    return imageTypes.has(type)
      ? undefined
      : `images of type ${type} are not taken (png, jpeg, gif, webp are)`;
  }
  return type === 'application/pdf' || textType.test(type)
    ? undefined
    : `files of type ${type} are not taken (PDF and text are)`;
}

function urlRefusal(part: UrlPart, platform: Platform): string | undefined {
  if (platform !== 'anthropic') return `${platform} takes no URLs of images and files`;
  if (!/^https?:/i.test(part.url)) return 'only http and https URLs are taken';
  const type = part.type === 'file' && part.mediaType ? mediaTypeOf(part.mediaType) : 'application/pdf';
  return part.type === 'image' || type === 'application/pdf' || imageTypes.has(type)
    ? undefined
    : `files of type ${type} are not taken by URL (PDF is)`;
}

/** What a data URL without a type holds, by RFC 2397. */
const defaultType = 'text/plain';

/** A data URL as the data that it holds. */
function inlined(part: UrlPart): DataPart {
  const comma = part.url.indexOf(',');
  const [type = '', ...parameters] = part.url.slice('data:'.length, comma).split(';');
  const text = part.url.slice(comma + 1);
  const isBase64 = parameters.includes('base64');
  const data = isBase64 ? text : new TextEncoder().encode(decodeURIComponent(text));
  const mediaType = type || defaultType;
  if (part.type === 'image') return { type: 'image', data, mediaType };
  return { type: 'file', data, mediaType, ...(part.name ? { name: part.name } : {}) };
}

function refuse(feature: Feature, message: string): never {
  throw failureError({ kind: 'unsupported', feature, message });
}

/** A part of a user's message or of a tool's result as a block; undefined for text that says nothing. */
export function toBlock(part: TextPart | MediaPart, platform: Platform): Block | undefined {
  if (part.type === 'text') return textBlock(part.text);
  const refusal = partRefusal(part, platform);
  if (refusal) refuse(part.type === 'image' ? 'images' : 'files', refusal);
  if (!('url' in part)) return dataBlock(part);
  return part.url.startsWith('data:') ? dataBlock(inlined(part)) : urlBlock(part);
}

/** Empty text and text of white space only are refused: they are left out. */
export function textBlock(text: string): Block | undefined {
  return text.trim() === '' ? undefined : { type: 'text', text };
}

function dataBlock(part: DataPart): Block {
  const { data } = part;
  const type = mediaTypeOf(part.mediaType);
  if (type.startsWith('image/')) {
    return { type: 'image', source: { type: 'base64', media_type: type, data: toBase64(data) } };
  }
  const source =
    type === 'application/pdf'
      ? { type: 'base64', media_type: type, data: toBase64(data) }
      : { type: 'text', media_type: 'text/plain', data: new TextDecoder().decode(toBytes(data)) };
  return { type: 'document', source, ...titleOf(part) };
}

function urlBlock(part: UrlPart): Block {
  const isImage =
    part.type === 'image' || (part.mediaType !== undefined && imageTypes.has(mediaTypeOf(part.mediaType)));
  const source = { type: 'url', url: part.url };
  return isImage ? { type: 'image', source } : { type: 'document', source, ...titleOf(part) };
}

function titleOf(part: MediaPart): { title?: string } {
  return part.type === 'file' && part.name ? { title: part.name } : {};
}
