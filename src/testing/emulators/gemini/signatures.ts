import { Buffer } from 'node:buffer';
import type { JsonObject } from '../dialect.ts';
import { invalid, type Refusal } from './errors.ts';
import type { Place } from './place.ts';
import { objectsOf } from './shape.ts';

/** What Google documents for histories that another model wrote. */
const skip = 'skip_thought_signature_validator';

const stampOf = ({ model, route }: Place): string => `${route}/${model}/`;

/** A signature that only this model on this route accepts again. */
export function signatureOf(place: Place, serial: string): string {
  return Buffer.from(`${stampOf(place)}${serial}`).toString('base64');
}

function isOwn(signature: unknown, place: Place): boolean {
  if (typeof signature !== 'string') return false;
  return signature === skip || Buffer.from(signature, 'base64').toString().startsWith(stampOf(place));
}

/** A signature that was made elsewhere is refused wherever it stands. */
export function foreignSignature(contents: readonly JsonObject[], place: Place): Refusal | undefined {
  const parts = contents.flatMap(({ parts: list }) => objectsOf(list));
  const foreign = parts.some((part) => 'thoughtSignature' in part && !isOwn(part['thoughtSignature'], place));
  return foreign ? invalid('Thought signature is not valid.') : undefined;
}

/** Gemini 3 wants the first call of every step of the current turn signed; older turns are not looked at. */
export function missingSignature(contents: readonly JsonObject[]): Refusal | undefined {
  const isQuestion = ({ role, parts }: JsonObject) =>
    role === 'user' && objectsOf(parts).some((part) => !('functionResponse' in part));
  const current = contents.slice(contents.findLastIndex(isQuestion) + 1);
  for (const { parts } of current) {
    const call = objectsOf(parts).find((part) => 'functionCall' in part);
    if (call && !('thoughtSignature' in call)) {
      return invalid(
        'Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly.',
      );
    }
  }
  return undefined;
}
