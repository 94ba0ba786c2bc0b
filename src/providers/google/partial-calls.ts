import { invalidResponse } from '../failure.ts';

/** A call whose arguments arrive in pieces, each at a path (`streamFunctionCallArguments`, on Vertex). */
export interface OpenCall {
  readonly id: string | undefined;
  readonly name: string;
  readonly signature: string | undefined;
  readonly args: { [key: string]: unknown };
}

interface PartialArg {
  readonly jsonPath?: unknown;
  readonly stringValue?: string;
  readonly numberValue?: number;
  readonly boolValue?: boolean;
  readonly nullValue?: unknown;
}

type Holder = { [key: string | number]: unknown };

/** Puts pieces of arguments where they belong; text is added to the text that is there. */
export function addPartialArgs(call: OpenCall, pieces: unknown): void {
  if (!Array.isArray(pieces)) return;
  for (const piece of pieces as PartialArg[]) addPiece(call, piece);
}

function addPiece(call: OpenCall, piece: PartialArg): void {
  const path = pathOf(piece.jsonPath);
  if (path.length === 0)
    throw invalidResponse(`a piece of the arguments of ${call.name} has no path`, 'malformed-tool-call');
  let holder: Holder = call.args;
  path.slice(0, -1).forEach((key, index) => {
    holder = (holder[key] ??= typeof path[index + 1] === 'number' ? [] : {}) as Holder;
  });
  const last = path.at(-1) as string | number;
  const { stringValue, numberValue, boolValue } = piece;
  const before = holder[last];
  if (stringValue !== undefined)
    holder[last] = typeof before === 'string' ? before + stringValue : stringValue;
  else holder[last] = numberValue ?? boolValue ?? null;
}

/** The steps of `$.items[0].name` or `$['a key']`. */
function pathOf(jsonPath: unknown): (string | number)[] {
  if (typeof jsonPath !== 'string') return [];
  const steps = jsonPath.matchAll(/\.([^.[\]]+)|\[(\d+)\]|\[(?:'([^']*)'|"([^"]*)")\]/g);
  return [...steps].map(([, name, index, single, double]) =>
    index === undefined ? ((name ?? single ?? double) as string) : Number(index),
  );
}
