import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRouter } from 'failsoft';
import { manualRuntime, scriptedProvider } from 'failsoft/testing';
import { holds } from './holds.ts';

describe('a healthy target with a weight', () => {
  it('gets its share of any calls to within one round of its siblings, streamed or not, at once or in turn', () =>
    holds(mixes, async ({ weights, batches }) => {
      const { served, total } = await serve({ weights, batches, failing: 0 });
      const sum = weights.reduce((one, other) => one + other);
      for (const [index, weight] of weights.entries())
        expect(Math.abs(served[index]! - (total * weight) / sum), `${index}: ${served.join()}`).toBeLessThan(
          weights.length,
        );
    }));

  it('gets its share of what its siblings leave to it where one of them is down', () =>
    holds(mixes, async ({ weights, batches }) => {
      const { served, total } = await serve({ weights: [...weights, 2], batches, failing: 1 });
      const sum = weights.reduce((one, other) => one + other);
      expect(served.at(-1)).toBe(0);
      // What the failing one is asked first is shared out too, but by who is next in line at that moment.
      const slack = weights.length + failuresToTrip;
      for (const [index, weight] of weights.entries())
        expect(Math.abs(served[index]! - (total * weight) / sum), `${index}: ${served.join()}`).toBeLessThan(
          slack,
        );
    }));
});

/** So many at most until the breaker of a dead target opens, and the probes of a minute. */
const failuresToTrip = 10;

const mixes = fc.record({
  weights: fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(0.5, 0.25, 30)), {
    minLength: 2,
    maxLength: 5,
  }),
  /** Calls that begin at once, and whether they are streams. */
  batches: fc.array(fc.record({ calls: fc.integer({ min: 1, max: 6 }), streams: fc.boolean() }), {
    minLength: 3,
    maxLength: 8,
  }),
});

interface Mix {
  readonly weights: readonly number[];
  readonly batches: readonly { readonly calls: number; readonly streams: boolean }[];
  /** How many of the last targets are down. */
  readonly failing: number;
}

async function serve({ weights, batches, failing }: Mix): Promise<{ served: number[]; total: number }> {
  const runtime = manualRuntime();
  const healthy = weights.length - failing;
  const router = createRouter({
    models: {
      chat: weights.map((weight, index) => ({
        id: `t${index}`,
        model: 'm',
        weight,
        provider: scriptedProvider(index < healthy ? 'Hello.' : [{ fail: 'server-error' }], {
          name: `p${index}`,
          runtime,
        }),
      })),
    },
    runtime,
  });
  const served = weights.map(() => 0);
  let total = 0;
  for (const { calls, streams } of batches) {
    const request = { messages: [{ role: 'user', content: 'Hello?' }] } as const;
    const ask = () => (streams ? router.stream(request).completion : router.complete(request));
    for (const { target } of await runtime.run(Promise.all(Array.from({ length: calls }, ask)))) {
      served[Number(target.id.slice(1))]! += 1;
      total += 1;
    }
    await runtime.advance(100);
  }
  return { served, total };
}
