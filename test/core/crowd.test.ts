import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCrowd, isEmpty, join, membersOf } from '../../src/core/crowd.ts';

describe('a crowd', () => {
  it('holds whoever has come and not left, in the order of their coming', () => {
    const steps = fc.array(fc.record({ joins: fc.boolean(), who: fc.nat(20) }), {
      maxLength: 60,
      size: 'max',
    });
    fc.assert(
      fc.property(steps, (list) => {
        const crowd = createCrowd<number>();
        const there = new Set<number>();
        const leaves: (() => boolean)[] = [];
        for (const { joins, who } of list) {
          const index = who % Math.max(1, leaves.length);
          if (joins || leaves.length === 0) {
            there.add(leaves.length);
            leaves.push(join(crowd, leaves.length));
          } else expect(leaves[index]!()).toBe(there.delete(index));
          expect(membersOf(crowd)).toEqual([...there]);
          expect(isEmpty(crowd)).toBe(there.size === 0);
        }
      }),
    );
  });
});
