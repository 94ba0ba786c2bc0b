import { messageOf } from '../core/failure.ts';
import { failureError } from './failure.ts';

/** A vendor's SDK, an optional peer that is imported at its first use. */
export interface SdkLoader<Sdk> {
  /**
   * The module, imported once.
   * @throws a failure of kind `unknown` with code `sdk-missing`
   */
  load(): Promise<Sdk>;
  /** What is wrong, as far as it can be told without importing; undefined where nothing is known to be. */
  problem(): string | undefined;
}

/**
 * Loads a vendor's SDK on demand: importing all of them costs some 300 ms and 85 MB.
 *
 * @example
 * const sdk = loadSdk('openai', () => import('openai'));
 * const { OpenAI } = await sdk.load();
 */
export function loadSdk<Sdk>(packageName: string, load: () => Promise<Sdk>): SdkLoader<Sdk> {
  let loading: Promise<Sdk> | undefined;

  async function loadOnce(): Promise<Sdk> {
    try {
      return await load();
    } catch (error) {
      loading = undefined;
      throw failureError(
        {
          kind: 'unknown',
          message: `the package "${packageName}" could not be loaded: ${messageOf(error)}`,
          code: 'sdk-missing',
        },
        error,
      );
    }
  }

  return {
    load: () => (loading ??= loadOnce()),
    problem: () =>
      isMissing(packageName)
        ? `the package "${packageName}" is not installed; it is an optional peer of failsoft: npm install ${packageName}`
        : undefined,
  };
}

interface Require {
  resolve(specifier: string): string;
}
interface NodeProcess {
  getBuiltinModule?(name: 'node:module'): { createRequire?(from: string): Require } | undefined;
}

/** Whether a package is missing for certain. Outside Node, and inside a bundle that may hold the SDK, nobody can tell. */
function isMissing(packageName: string): boolean {
  const { process } = globalThis as { process?: NodeProcess };
  const here = ownLocation();
  const require =
    here === undefined ? undefined : process?.getBuiltinModule?.('node:module')?.createRequire?.(here);
  // A package can name itself; where this file can't, it was bundled into somebody else's.
  return (
    require !== undefined && resolves(require, 'failsoft/package.json') && !resolves(require, packageName)
  );
}

function ownLocation(): string | undefined {
  // In the CommonJS build there is no `import.meta`, in the ESM build there is no `__filename`.
  // eslint-disable-next-line no-restricted-globals
  return typeof __filename === 'string' ? __filename : (import.meta as { url?: string }).url;
}

function resolves(require: Require, specifier: string): boolean {
  try {
    require.resolve(specifier);
    return true;
  } catch {
    return false;
  }
}
