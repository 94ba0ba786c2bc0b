import {
  anything,
  describeProblems,
  notKnown,
  object,
  oneOf,
  problemsOf,
  type Rules,
} from '../../core/check.ts';
import type { VendorErrorKind, WireRequest } from './dialect.ts';

/** How a rate limit says when to come back: one header or the other, the vendor's own place in the body, or not at all. */
export type RetryHint = 'retry-after' | 'http-date' | 'retry-after-ms' | 'body' | 'none';

export const garbageForms = [
  'html',
  'empty-object',
  'error-body',
  'invalid-json',
  'string',
  'empty-body',
] as const;
/** A reply with status 200 that is none. */
export type Garbage = (typeof garbageForms)[number];

/** What can go wrong with one request. */
export type RequestFault =
  /** The socket is destroyed before any header. */
  | { readonly kind: 'reset' }
  /** Any status, with the vendor's error body. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly message?: string | undefined;
      readonly code?: string | undefined;
      readonly headers?: Readonly<Record<string, string>> | undefined;
    }
  /** An error of the vendor's, by its meaning: the status and the body are the vendor's own. */
  | { readonly kind: Exclude<VendorErrorKind, 'rate-limit'>; readonly message?: string | undefined }
  | {
      readonly kind: 'rate-limit';
      /** @default 'retry-after' */
      readonly hint?: RetryHint | undefined;
      /** @default 20_000 */
      readonly afterMs?: number | undefined;
      readonly message?: string | undefined;
    }
  /** Answers, but late: the headers, each token, or both. A reply without a stream waits for all of its tokens. */
  | { readonly kind: 'slow'; readonly headersMs?: number | undefined; readonly tokenMs?: number | undefined }
  /** Accepts the request and never says a word. */
  | { readonly kind: 'hang' }
  /** Sends the headers, then nothing. */
  | { readonly kind: 'stall-before-first-token' }
  /** Sends some of the content, then nothing. */
  | { readonly kind: 'stall-after'; readonly tokens?: number | undefined }
  /** Sends the headers and then keep-alives for ever, once some of the content went out. */
  | {
      readonly kind: 'pings-only';
      readonly everyMs?: number | undefined;
      readonly tokens?: number | undefined;
    }
  /**
   * Ends too early. `clean`: between two events, and the body ends as if all were well; `mid-event`: the same, inside
   * an event; `hard`: the socket is destroyed.
   */
  | {
      readonly kind: 'truncate';
      readonly how?: 'clean' | 'mid-event' | 'hard' | undefined;
      readonly tokens?: number | undefined;
    }
  /** A reply with half of its JSON; in a stream, an event with half of its JSON. */
  | { readonly kind: 'half-json' }
  | { readonly kind: 'garbage'; readonly what?: Garbage | undefined }
  /** A whole and well-formed reply without any content. */
  | { readonly kind: 'empty' }
  /** An error inside a stream that has begun; without a stream, an error body with status 200. */
  | {
      readonly kind: 'stream-error';
      readonly tokens?: number | undefined;
      readonly error?: VendorErrorKind | undefined;
    }
  /** Alternates by requests, beginning with the fault. */
  | {
      readonly kind: 'flap';
      /** @default a server error */
      readonly fault?:
        Exclude<RequestFault, { kind: 'flap' }> | Exclude<RequestFaultName, 'flap'> | undefined;
      /** Requests in a row that fail. @default 1 */
      readonly down?: number | undefined;
      /** Requests in a row that are answered. @default 1 */
      readonly up?: number | undefined;
    };

/** `refuse` closes the port: connections are refused until the fault is lifted. It can only stand alone. */
export type Fault = RequestFault | { readonly kind: 'refuse' };

/** Any fault but `status` also by its name alone. */
export type FaultName = Exclude<Fault['kind'], 'status'>;
type RequestFaultName = Exclude<FaultName, 'refuse'>;

/**
 * One fault for every request, a list for the next ones in order (null: healthy; after its end all are healthy), or a
 * function of the request and its number (from 1, since the schedule was set; what is no completion does not count).
 * Null or nothing: healthy.
 */
export type FaultSchedule =
  | Fault
  | FaultName
  | null
  | undefined
  | readonly (RequestFault | RequestFaultName | null)[]
  | ((requestNumber: number, request: WireRequest) => RequestFault | RequestFaultName | null | undefined);

/** The faults that a request can meet, once names and alternation are resolved. */
export type PlayedFault = Exclude<RequestFault, { kind: 'flap' }>;

export interface FaultPlan {
  /** Whether the port is to be closed. */
  readonly refuses: boolean;
  /** What the next completion meets. */
  readonly next: (request: WireRequest) => PlayedFault | undefined;
}

/** Makes a plan of a schedule; the plan counts the requests that it has seen. */
export function faultPlan(schedule: FaultSchedule): FaultPlan {
  for (const given of isList(schedule) ? schedule : [schedule]) requireKnown(given);
  if (schedule === 'refuse' || isRefuse(schedule)) return { refuses: true, next: () => undefined };
  let seen = 0;
  const flaps = new Map<Fault, number>();
  const resolve = (given: Fault | FaultName | null | undefined): PlayedFault | undefined => {
    if (given === null || given === undefined) return undefined;
    requireKnown(given);
    const fault = typeof given === 'string' ? ({ kind: given } as Fault) : given;
    if (fault.kind === 'refuse')
      throw new TypeError('a `refuse` fault closes the port: it can only stand alone');
    if (fault.kind !== 'flap') return fault;
    // A flap that was given by its name is one object for each request, but only one schedule can hold it.
    const key = typeof given === 'string' ? flapByName : given;
    const turn = flaps.get(key) ?? 0;
    flaps.set(key, turn + 1);
    const down = fault.down ?? 1;
    return turn % (down + (fault.up ?? 1)) < down ? resolve(fault.fault ?? 'server-error') : undefined;
  };
  return {
    refuses: false,
    next: (request) => {
      const index = seen;
      seen += 1;
      if (typeof schedule === 'function') return resolve(schedule(index + 1, request));
      return resolve(isList(schedule) ? schedule[index] : schedule);
    },
  };
}

const byMessage = { message: anything };
const byTokens = { tokens: anything };

/** Each kind with the fields that it reads. */
const kinds: Readonly<Record<Fault['kind'], Rules>> = {
  refuse: {},
  reset: {},
  status: { status: anything, message: anything, code: anything, headers: anything },
  'server-error': byMessage,
  overloaded: byMessage,
  'rate-limit': {
    hint: oneOf(['retry-after', 'http-date', 'retry-after-ms', 'body', 'none'] satisfies RetryHint[]),
    afterMs: anything,
    message: anything,
  },
  quota: byMessage,
  auth: byMessage,
  permission: byMessage,
  'model-not-found': byMessage,
  'context-length': byMessage,
  'content-policy': byMessage,
  'bad-request': byMessage,
  slow: { headersMs: anything, tokenMs: anything },
  hang: {},
  'stall-before-first-token': {},
  'stall-after': byTokens,
  'pings-only': { everyMs: anything, tokens: anything },
  truncate: { how: oneOf(['clean', 'mid-event', 'hard']), tokens: anything },
  'half-json': {},
  garbage: { what: oneOf(garbageForms) },
  empty: {},
  'stream-error': { tokens: anything, error: anything },
  flap: { fault: anything, down: anything, up: anything },
};

/** For those who write no types: a misspelt fault would play as something else, or not at all. */
function requireKnown(given: unknown): void {
  if (given === null || given === undefined || typeof given === 'function') return;
  const kind = typeof given === 'string' ? given : (given as { kind?: unknown }).kind;
  if (typeof kind !== 'string' || !Object.hasOwn(kinds, kind))
    throw new TypeError(`faults: '${String(kind)}' ${notKnown(String(kind), Object.keys(kinds))}`);
  if (typeof given === 'string') return;
  const rule = object({ kind: anything, ...kinds[kind as Fault['kind']] });
  const problems = problemsOf(rule, given, `faults: ${kind}`);
  if (problems.length > 0) throw new TypeError(describeProblems(problems));
}

const flapByName: RequestFault = { kind: 'flap' };

function isList(schedule: FaultSchedule): schedule is readonly (RequestFault | RequestFaultName | null)[] {
  return Array.isArray(schedule);
}

function isRefuse(schedule: FaultSchedule): schedule is { kind: 'refuse' } {
  return (
    typeof schedule === 'object' && schedule !== null && 'kind' in schedule && schedule.kind === 'refuse'
  );
}
