import type { Failure } from '../../src/core/failure.ts';
import { classifyError } from '../../src/providers/failure.ts';

/** What a call throws, as the engine would understand it. */
export function failureOf(work: () => unknown): Failure | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return classifyError({ name: 'any' }, error);
  }
}
