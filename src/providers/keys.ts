import { messageOf } from '../core/failure.ts';
import { systemRuntime } from '../core/runtime.ts';
import { failureError } from './failure.ts';

/** A key, and when it ends (epoch milliseconds). */
export interface ExpiringKey {
  readonly key: string;
  readonly expiresAt?: number | undefined;
}

/** A key as a string, or a function that fetches it, perhaps from a vault. */
export type ApiKey = string | (() => string | ExpiringKey | Promise<string | ExpiringKey>);

/** How long a fetched key without `expiresAt` is used before it is fetched again. */
const keptMs = 60_000;
/** A fetch that takes longer is given up for another one: a function that never settles must not stop all calls to come. */
const patienceMs = 10_000;
/** A key is fetched anew this long before it expires. */
const aheadMs = 30_000;
const mostFormerKeys = 8;
/** For this long a refusal is taken as one of the key before: calls in flight are refused after the first has fetched anew. */
const refreshedMs = 1_000;

/** Holds one provider's key: fetched once for all who wait, again before it expires and after a refusal. */
export interface KeyRing {
  /** The key, at once where it is known. */
  get(): string | Promise<string>;
  /** Fetches the key again; resolves to whether it changed. Undefined where there is nothing to fetch: the key is a string. */
  readonly refresh: (() => Promise<boolean>) | undefined;
  set(key: string): void;
  version(): number;
  /** The key, then those before it. */
  secrets(): string[];
}

/** @throws a failure of kind `auth` from `get` where the function throws or returns no key. */
export function keyRing(source: ApiKey): KeyRing {
  let current = typeof source === 'string' ? source : undefined;
  let goodUntil = typeof source === 'string' ? Infinity : 0;
  /** Attempts in flight finish on the key that they began with, and a vendor may echo it. */
  let former: readonly string[] = [];
  let version = current === undefined ? 0 : 1;
  let refreshedAt = -Infinity;

  function use(key: string, until: number): void {
    if (key !== current) {
      version += 1;
      if (current !== undefined) former = [current, ...former].slice(0, mostFormerKeys);
    }
    current = key;
    goodUntil = until;
  }

  const refreshed = sharedFetch(async (isLatest) => {
    const before = version;
    try {
      const value = await (source as Exclude<ApiKey, string>)();
      const { key, expiresAt } = typeof value === 'string' ? { key: value, expiresAt: undefined } : value;
      if (typeof key !== 'string' || key === '') throw new TypeError('it returned no key');
      // A key that was set meanwhile is newer than this one.
      if (isLatest() && version === before)
        use(key, expiresAt === undefined ? systemRuntime.now() + keptMs : expiresAt - aheadMs);
      return key;
    } catch (error) {
      throw failureError(
        { kind: 'auth', message: `the apiKey function failed: ${messageOf(error)}`, code: 'key-function' },
        error,
      );
    }
  });

  async function refresh(): Promise<boolean> {
    if (systemRuntime.now() - refreshedAt < refreshedMs) return true;
    const before = version;
    await refreshed();
    if (version === before) return false;
    refreshedAt = systemRuntime.now();
    return true;
  }

  return {
    get: () => (current !== undefined && systemRuntime.now() < goodUntil ? current : refreshed()),
    refresh: typeof source === 'string' ? undefined : refresh,
    set: (key) => use(key, Infinity),
    version: () => version,
    secrets: () => (current === undefined ? [...former] : [current, ...former]),
  };
}

/** Shares one fetch among all who wait for it; `isLatest` says whether it has not been given up meanwhile. */
function sharedFetch(fetch: (isLatest: () => boolean) => Promise<string>): () => Promise<string> {
  let fetching: Promise<string> | undefined;
  let since = 0;
  let fetches = 0;
  return () => {
    const now = systemRuntime.now();
    if (fetching && now - since < patienceMs) return fetching;
    since = now;
    fetches += 1;
    const number = fetches;
    const isLatest = () => number === fetches;
    fetching = fetch(isLatest).finally(() => {
      if (isLatest()) fetching = undefined;
    });
    return fetching;
  };
}
