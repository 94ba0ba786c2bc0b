import { systemRuntime } from '../core/runtime.ts';

type HeadersLike = Headers | { readonly [name: string]: string | undefined } | undefined | null;

/** Reads one header from `Headers` or a plain object. */
export function headerOf(headers: HeadersLike, name: string): string | undefined {
  if (!headers) return undefined;
  if (typeof (headers as Headers).get === 'function') return (headers as Headers).get(name) ?? undefined;
  return (headers as { [name: string]: string | undefined })[name];
}

/**
 * How long the vendor asks to wait, from its headers: `retry-after-ms`, then `retry-after` in seconds or as an HTTP
 * date (RFC 9110, section 10.2.3).
 */
export function retryAfterOf(headers: HeadersLike, now: number = systemRuntime.now()): number | undefined {
  const inMs = Number.parseFloat(headerOf(headers, 'retry-after-ms') ?? '');
  if (Number.isFinite(inMs) && inMs >= 0) return inMs;
  const value = headerOf(headers, 'retry-after')?.trim();
  if (!value) return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return seconds >= 0 ? seconds * 1000 : undefined;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration written as `120ms`, `1s`, `6m0s`, `10h17m5.7s` or `45.8s`, in milliseconds. */
export function durationOf(text: string): number | undefined {
  const trimmed = text.trim();
  const pattern = /(\d+(?:\.\d+)?)(ms|[smhd])/y;
  let sumMs = 0;
  while (pattern.lastIndex < trimmed.length) {
    const part = pattern.exec(trimmed);
    if (!part) return undefined;
    sumMs += Number(part[1]) * (unitsMs[part[2] as string] as number);
  }
  return trimmed === '' ? undefined : sumMs;
}
