import type { Dialect, DialectAnswer, DialectSettings, JsonObject, WireRequest } from './dialect.ts';
import { configRefusal } from './gemini/config-rules.ts';
import {
  answerOf,
  invalid,
  invalidKey,
  invalidToken,
  noCaller,
  streamErrorFrame,
  unknownModel,
  vendorError,
  type Refusal,
} from './gemini/errors.ts';
import { unknownField } from './gemini/fields.ts';
import { historyRefusal } from './gemini/history-rules.ts';
import { keyOf, placeOf, versionOf, type Place } from './gemini/place.ts';
import { geminiAnswer } from './gemini/reply.ts';
import { camelCased, objectOf, objectsOf } from './gemini/shape.ts';
import { foreignSignature, missingSignature } from './gemini/signatures.ts';
import { plainReply, type ReplyRequest } from './reply.ts';
import { startEmulator, type Emulator, type EmulatorOptions } from './server.ts';

/**
 * Gemini on loopback: `generateContent` and `streamGenerateContent` under the paths of Gemini's own API and of Vertex.
 *
 * @example
 * await using emulator = await geminiEmulator({ reply: { text: 'Hello.' }, faults: ['overloaded', null] });
 * const client = new GoogleGenAI({ apiKey: 'test', httpOptions: { baseUrl: emulator.url } });
 */
export function geminiEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  return startEmulator(geminiDialect(options.models), options);
}

export function geminiDialect(models: readonly string[] = ['gemini-2.5-flash']): Dialect {
  return {
    name: 'gemini',
    aside: ({ method, path }) => {
      if (method !== 'GET' || !/^\/v1\w*\/models$/.test(path)) return undefined;
      return { kind: 'whole', body: { models: models.map((model) => ({ name: `models/${model}` })) } };
    },
    handle(request, settings) {
      const place = placeOf(request);
      if (!place)
        return refused({
          status: 404,
          name: 'NOT_FOUND',
          message: `${request.path} was not found on this server.`,
        });
      const body = objectOf(camelCased(request.body));
      const refusal = refusalOf(request, body, place, settings);
      if (refusal) return refused(refusal);
      const reply = plainReply(settings.reply(replyRequest(request, body, place)), request.text);
      return geminiAnswer({ request, place, body, reply });
    },
    error: vendorError,
    streamError: streamErrorFrame,
  };
}

function refused(refusal: Refusal): DialectAnswer {
  return { kind: 'error', ...answerOf(refusal) };
}

function refusalOf(
  request: WireRequest,
  body: JsonObject,
  place: Place,
  settings: DialectSettings,
): Refusal | undefined {
  const contents = objectsOf(body['contents']);
  return (
    keyRefusal(request, place, settings) ??
    (settings.hasModel(place.model) ? undefined : unknownModel(place.model)) ??
    unknownField(body) ??
    historyRefusal(contents) ??
    urlRefusal(contents, place) ??
    foreignSignature(contents, place) ??
    ((versionOf(place.model) ?? 0) >= 300 ? missingSignature(contents) : undefined) ??
    configRefusal(body, place)
  );
}

function keyRefusal(request: WireRequest, { route }: Place, settings: DialectSettings): Refusal | undefined {
  const key = keyOf(request);
  if (settings.acceptsKey(key)) return undefined;
  if (route === 'vertex') return invalidToken;
  return key === undefined || key === '' ? noCaller : invalidKey;
}

/** Foreign URLs are fetched since 2.5, and on Vertex. */
function urlRefusal(contents: readonly JsonObject[], { model, route }: Place): Refusal | undefined {
  if (route === 'vertex' || (versionOf(model) ?? 205) >= 205) return undefined;
  const uris = contents
    .flatMap(({ parts }) => objectsOf(parts))
    .map((part) => objectOf(part['fileData'])['fileUri'])
    .filter((uri) => typeof uri === 'string');
  const foreign = uris.find((uri) => !uri.startsWith('https://generativelanguage.googleapis.com/'));
  return foreign === undefined ? undefined : invalid(`Unsupported file uri: ${foreign}`);
}

function replyRequest(request: WireRequest, body: JsonObject, place: Place): ReplyRequest {
  const contents = objectsOf(body['contents']);
  const textOf = (content: JsonObject | undefined) =>
    objectsOf(content?.['parts'])
      .map(({ text }) => (typeof text === 'string' ? text : ''))
      .join('');
  const asked = contents.findLast((content) => content['role'] !== 'model' && textOf(content) !== '');
  return {
    model: place.model,
    prompt: textOf(asked),
    stream: place.stream,
    afterToolResult: objectsOf(contents.at(-1)?.['parts']).some((part) => 'functionResponse' in part),
    body: request.body,
    number: request.number,
  };
}
