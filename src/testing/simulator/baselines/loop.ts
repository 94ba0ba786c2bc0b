import type { SimulatedParts, SimulatedRequest, SimulatedRouter, SimulatedTarget } from '../simulate.ts';
import { completeBySdk, streamBySdk, type SdkSettings } from './sdk.ts';

/** Which targets a call may ask, and what is learnt from how it went. */
export interface Memory {
  /** Undefined: it is left out. Else what is to be told how it went. */
  ask(target: SimulatedTarget): ((ok: boolean) => void) | undefined;
}

export const forgetful: Memory = { ask: () => () => {} };

/** Asks one target after the other until one answers. What was shown of a stream cannot be taken back: that is an error. */
export function loopOver(
  { models }: SimulatedParts,
  targets: number,
  settings: SdkSettings,
  memory: Memory,
): SimulatedRouter {
  const order = models.chat.slice(0, targets);

  async function complete(request: SimulatedRequest): Promise<{ text: string }> {
    let last: unknown = new Error('every target is left out');
    for (const target of order) {
      const tell = memory.ask(target);
      if (tell === undefined) continue;
      try {
        const text = await completeBySdk(target, request, settings);
        tell(true);
        return { text };
      } catch (error) {
        tell(false);
        last = error;
      }
    }
    throw last;
  }

  async function* stream(request: SimulatedRequest): AsyncGenerator<{ type: 'text'; text: string }> {
    let last: unknown = new Error('every target is left out');
    for (const target of order) {
      const tell = memory.ask(target);
      if (tell === undefined) continue;
      let shown = false;
      try {
        for await (const text of streamBySdk(target, request, settings)) {
          shown = true;
          yield { type: 'text', text };
        }
        tell(true);
        return;
      } catch (error) {
        tell(false);
        if (shown) throw error;
        last = error;
      }
    }
    throw last;
  }

  return { complete, stream };
}
