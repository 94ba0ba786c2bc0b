import type { BinaryData } from './request.ts';

const chunkSize = 0x8000;

/** Bytes as base64; a string is taken as base64 already, with a data URL's head taken off. */
export function toBase64(data: BinaryData): string {
  if (typeof data === 'string') return data.replace(/^data:[^,]*,/, '');
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  let binary = '';
  for (let start = 0; start < bytes.length; start += chunkSize) {
    binary += String.fromCharCode(...bytes.subarray(start, start + chunkSize));
  }
  return btoa(binary);
}

/** Base64 or bytes as bytes. */
export function toBytes(data: BinaryData): Uint8Array {
  if (typeof data !== 'string') return data instanceof Uint8Array ? data : new Uint8Array(data);
  const binary = atob(toBase64(data));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/** A data URL. */
export function toDataUrl(data: BinaryData, mediaType: string): string {
  return `data:${mediaType};base64,${toBase64(data)}`;
}
