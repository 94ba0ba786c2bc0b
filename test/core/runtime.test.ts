import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { setAlarm, systemRuntime, type Runtime } from '../../src/core/runtime.ts';
import { manualRuntime } from '../../src/testing/manual-runtime.ts';

describe('an alarm on the clock of the platform', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('rings once its time has come, and leaves no timer', () => {
    const ring = vi.fn();
    setAlarm(systemRuntime, 500, ring);
    vi.advanceTimersByTime(499);
    expect(ring).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(ring).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves no timer when it is called off', () => {
    const ring = vi.fn();
    setAlarm(systemRuntime, 500, ring)();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('an alarm on any other Runtime', () => {
  it('sleeps on that Runtime, also where it was made from the one of the platform', async () => {
    const manual = manualRuntime();
    const runtime: Runtime = { ...systemRuntime, sleep: (ms, signal) => manual.sleep(ms, signal) };
    const ring = vi.fn();
    setAlarm(runtime, 60_000, ring);
    await manual.advance(59_999);
    expect(ring).not.toHaveBeenCalled();
    await manual.advance(1);
    expect(ring).toHaveBeenCalledOnce();
  });

  it('ends the sleep when it is called off', async () => {
    const runtime = manualRuntime();
    const ring = vi.fn();
    setAlarm(runtime, 60_000, ring)();
    expect(runtime.pending()).toBe(0);
    await runtime.advance(60_000);
    expect(ring).not.toHaveBeenCalled();
  });

  it('never rings where its sleep fails', async () => {
    const ring = vi.fn();
    const broken: Runtime = {
      ...systemRuntime,
      sleep: () => {
        throw new Error('no clock');
      },
    };
    setAlarm(broken, 10, ring);
    await Promise.resolve();
    expect(ring).not.toHaveBeenCalled();
  });
});
