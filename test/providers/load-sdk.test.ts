import { describe, expect, it } from 'vitest';
import { classifyError } from '../../src/providers/failure.ts';
import { loadSdk } from '../../src/providers/load-sdk.ts';

describe('an SDK that is loaded on demand', () => {
  it('is imported once for all who ask', async () => {
    let imports = 0;
    const sdk = loadSdk('openai', async () => ({ number: (imports += 1) }));
    expect(await Promise.all([sdk.load(), sdk.load()])).toEqual([{ number: 1 }, { number: 1 }]);
  });

  it('is found missing without being imported', () => {
    const missing = loadSdk('a-package-that-nobody-has', async () => ({}));
    expect(missing.problem()).toMatch('npm install a-package-that-nobody-has');
    expect(loadSdk('openai', async () => ({})).problem()).toBeUndefined();
  });

  it('fails with a code of its own, and is tried again', async () => {
    let isThere = false;
    const sdk = loadSdk('late', async () => {
      if (!isThere) throw new Error('Cannot find package');
      return 'here';
    });
    const error: unknown = await sdk.load().catch((thrown: unknown) => thrown);
    expect(classifyError({ name: 'any' }, error)).toMatchObject({ kind: 'unknown', code: 'sdk-missing' });
    isThere = true;
    expect(await sdk.load()).toBe('here');
  });
});
