import type { FailureKind, Provider, ProviderCall, ProviderEvent, Runtime, Target } from 'failsoft';
import { piecesLeft } from './answers.ts';

/** A failing call's way to fail, and after how many pieces. */
interface Fate {
  readonly how: 'fail' | 'cut' | 'hang' | 'garbage';
  readonly after: number;
  readonly kind: FailureKind;
}

const kinds: readonly FailureKind[] = ['server-error', 'overloaded', 'network', 'rate-limit', 'timeout'];

/** A vendor without a network, which fails often and in every way. It keeps nothing, so that it cannot leak. */
export function scriptedTarget(id: string, { runtime, random }: Chance, failingShare: number): Target {
  async function* stream(call: ProviderCall): AsyncGenerator<ProviderEvent> {
    const fate = random() < failingShare * tide(runtime.now()) ? draw(random) : undefined;
    await runtime.sleep(10 + 90 * random(), call.signal);
    let sent = 0;
    for (const text of piecesLeft(call.request.messages)) {
      if (sent === fate?.after) return yield* strike(fate, call, runtime);
      yield { type: 'text', text };
      sent += 1;
      await runtime.sleep(4 * random(), call.signal);
    }
    if (fate) return yield* strike(fate, call, runtime);
    yield { type: 'finish', finishReason: 'stop', usage: { inputTokens: 10, outputTokens: sent } };
  }
  const provider: Provider = {
    name: id,
    stream,
    async complete(call) {
      const events: ProviderEvent[] = [];
      for await (const event of stream(call)) events.push(event);
      return events;
    },
    classify: (error) => (error instanceof Struck ? { kind: error.kind, message: 'staged' } : undefined),
  };
  return { id, provider, model: 'any', weight: 1 };
}

interface Chance {
  readonly runtime: Runtime;
  readonly random: () => number;
}

class Struck extends Error {
  readonly kind: FailureKind;
  constructor(kind: FailureKind) {
    super('staged');
    this.kind = kind;
  }
}

/** For 15 s of each minute things are five times as bad. */
const tide = (now: number) => (now % 60_000 < 15_000 ? 5 : 1);

function draw(random: () => number): Fate {
  const how = (['fail', 'fail', 'fail', 'cut', 'hang', 'garbage'] as const)[Math.floor(random() * 6)]!;
  return { how, after: Math.floor(random() * 5), kind: kinds[Math.floor(random() * kinds.length)]! };
}

async function* strike(fate: Fate, call: ProviderCall, runtime: Runtime): AsyncGenerator<ProviderEvent> {
  if (fate.how === 'fail') throw new Struck(fate.kind);
  if (fate.how === 'garbage') yield { type: 'text', text: null as unknown as string };
  if (fate.how === 'hang') await runtime.sleep(600_000, call.signal);
}
