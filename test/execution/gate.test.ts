import { describe, expect, it } from 'vitest';
import { manualRuntime } from 'failsoft/testing';
import { createGate } from '../../src/execution/gate.ts';

function setUp(holdMs: number, holdTokens: number) {
  const runtime = manualRuntime();
  let opened = 0;
  const gate = createGate({ holdMs, holdTokens }, runtime, () => void (opened += 1));
  return { runtime, gate, opened: () => opened };
}

describe('the gate before an answer', () => {
  it('holds until there is enough, four characters to a token', () => {
    const { gate, runtime } = setUp(0, 2);
    expect([7, 1, 5].map((characters) => gate.holds(characters))).toEqual([true, false, false]);
    expect(runtime.pending()).toBe(0);
  });

  it('opens by itself once its time is over, where there is enough by then', async () => {
    const { gate, runtime, opened } = setUp(100, 2);
    expect(gate.holds(8)).toBe(true);
    await runtime.advance(99);
    expect(opened()).toBe(0);
    await runtime.advance(1);
    expect(opened()).toBe(1);
    expect(gate.holds(1)).toBe(false);
  });

  it('holds on after its time, without opening by itself, where there is too little', async () => {
    const { gate, runtime, opened } = setUp(100, 2);
    expect(gate.holds(7)).toBe(true);
    await runtime.advance(200);
    expect(opened()).toBe(0);
    expect(gate.holds(0)).toBe(true);
    expect(gate.holds(1)).toBe(false);
    expect(runtime.pending()).toBe(0);
  });

  it('counts its time from what came first, once', async () => {
    const { gate, runtime, opened } = setUp(100, 0);
    await runtime.advance(500);
    gate.holds(1);
    await runtime.advance(60);
    gate.holds(1);
    expect(runtime.pending()).toBe(1);
    await runtime.advance(40);
    expect(opened()).toBe(1);
  });

  it('leaves no timer where it is stopped, and opens no more', async () => {
    const { gate, runtime, opened } = setUp(100, 0);
    gate.stop();
    gate.holds(1);
    gate.stop();
    await runtime.advance(200);
    expect(runtime.pending()).toBe(0);
    expect(opened()).toBe(0);
  });
});
