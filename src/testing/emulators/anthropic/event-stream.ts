import { crc32 } from 'node:zlib';

const stringType = 7;

/**
 * One message of AWS's binary event stream: lengths and their checksum, headers, payload, checksum of all.
 * Source: the specification of `vnd.amazon.eventstream` in the Smithy documents.
 */
export function eventMessage(headers: Readonly<Record<string, string>>, payload: unknown): Uint8Array {
  const headerBytes = Buffer.concat(Object.entries(headers).map(([name, value]) => headerOf(name, value)));
  const body = Buffer.from(JSON.stringify(payload));
  const length = 12 + headerBytes.length + body.length + 4;
  const message = Buffer.alloc(length);
  message.writeUInt32BE(length, 0);
  message.writeUInt32BE(headerBytes.length, 4);
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8);
  headerBytes.copy(message, 12);
  body.copy(message, 12 + headerBytes.length);
  message.writeUInt32BE(crc32(message.subarray(0, length - 4)), length - 4);
  return message;
}

function headerOf(name: string, value: string): Buffer {
  const head = Buffer.from([name.length, ...Buffer.from(name), stringType, 0, 0]);
  head.writeUInt16BE(Buffer.byteLength(value), head.length - 2);
  return Buffer.concat([head, Buffer.from(value)]);
}

/** A stream event of Claude's, as Bedrock wraps it. */
export function chunkMessage(event: object): Uint8Array {
  const bytes = Buffer.from(JSON.stringify(event)).toString('base64');
  const headers = {
    ':event-type': 'chunk',
    ':content-type': 'application/json',
    ':message-type': 'event',
  };
  return eventMessage(headers, { bytes, p: 'abcdefghij' });
}

/** An exception inside a stream that has begun. */
export function exceptionMessage(type: string, message: string): Uint8Array {
  const headers = {
    ':exception-type': type,
    ':content-type': 'application/json',
    ':message-type': 'exception',
  };
  return eventMessage(headers, { message });
}
