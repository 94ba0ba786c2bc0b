import { describe, expect, it } from 'vitest';
import { createCancellation, followSignal } from '../../src/execution/cancellation.ts';

describe('a cancellation', () => {
  it('is told once, with the first reason, to everybody who listens then', () => {
    const cancellation = createCancellation();
    const heard: unknown[] = [];
    cancellation.on((reason) => heard.push(reason));
    cancellation.on((reason) => heard.push(reason));
    expect(cancellation.cancelled).toBe(false);
    cancellation.cancel('first');
    cancellation.cancel('second');
    expect(heard).toEqual(['first', 'first']);
    expect(cancellation).toMatchObject({ cancelled: true, reason: 'first' });
  });

  it('is told at once to whoever listens later, who has nothing to call off', () => {
    const cancellation = createCancellation();
    cancellation.cancel('over');
    const heard: unknown[] = [];
    const off = cancellation.on((reason) => heard.push(reason));
    expect(heard).toEqual(['over']);
    expect(off()).toBeUndefined();
    cancellation.cancel('again');
    expect(heard).toEqual(['over']);
  });

  it('is not told to whoever has stopped listening', () => {
    const cancellation = createCancellation();
    const heard: unknown[] = [];
    const off = cancellation.on((reason) => heard.push(reason));
    cancellation.on(() => heard.push('other'));
    off();
    cancellation.cancel('over');
    expect(heard).toEqual(['other']);
  });

  it('reaches also those whom another listener calls off meanwhile', () => {
    const cancellation = createCancellation();
    const heard: string[] = [];
    cancellation.on(() => off());
    const off = cancellation.on(() => heard.push('told'));
    cancellation.cancel('over');
    expect(heard).toEqual(['told']);
  });
});

describe('a signal that is followed', () => {
  it('cancels with its reason, when it aborts or where it has aborted before', () => {
    const controller = new AbortController();
    const [early, late] = [createCancellation(), createCancellation()];
    followSignal(controller.signal, early);
    expect(early.cancelled).toBe(false);
    controller.abort('enough');
    followSignal(controller.signal, late);
    expect(early).toMatchObject({ cancelled: true, reason: 'enough' });
    expect(late).toMatchObject({ cancelled: true, reason: 'enough' });
  });

  it('is followed no longer once that is called off', () => {
    const controller = new AbortController();
    const cancellation = createCancellation();
    followSignal(controller.signal, cancellation)();
    controller.abort('enough');
    expect(cancellation.cancelled).toBe(false);
  });

  it('may be absent', () => {
    const cancellation = createCancellation();
    expect(followSignal(undefined, cancellation)()).toBeUndefined();
    expect(cancellation.cancelled).toBe(false);
  });
});
