import type { Failure } from '../../src/core/failure.ts';
import { classifyError } from '../../src/providers/failure.ts';

/** What a promise fails with, as the engine would understand it. */
export async function failureIn(work: Promise<unknown>): Promise<Failure | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return classifyError({ name: 'any' }, error);
  }
}
