import { existsSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { RouterOptions } from 'failsoft';
import {
  profiles,
  type ProfileName,
  type ProviderProfile,
  type SimulatedParts,
  type SimulatedRouter,
} from 'failsoft/testing';
import { notAmong, wordsOf, WrongUse } from '../wrong-use.ts';

/** What a host's module may say beside its options: `export const simulation = { … }`. */
export interface SimulationSettings {
  /** By target id: how it behaves on a good day. @default guessed from the name of its model */
  readonly profiles?: Readonly<Record<string, ProfileName | ProviderProfile>>;
  /** As `--fault-on`. */
  readonly faultOn?: string;
  /** As `--model`. */
  readonly model?: string;
}

type Made = RouterOptions | SimulatedRouter;

/** What a host's module exports. */
export interface HostModule {
  readonly made: RouterOptions | ((parts: SimulatedParts) => Made);
  readonly settings: SimulationSettings;
}

/** Loads it. Throws `WrongUse`, which names the module. */
export async function loadConfig(path: string): Promise<HostModule> {
  const file = resolve(path);
  if (!existsSync(file)) throw new WrongUse(`--config ${path}: there is no such file`);
  const module = await importing(file, path);
  const made = module.default;
  if (made === undefined) {
    const names = Object.keys(module);
    const found = names.length === 0 ? 'it exports nothing' : `it exports ${names.join(', ')}`;
    throw new WrongUse(
      `--config ${path}: expected a default export, router options or a function that returns them; ${found}`,
    );
  }
  if (isRouter(made))
    throw new WrongUse(
      `--config ${path}: the default export is a router, whose providers cannot be replaced; export its options`,
    );
  if (typeof made !== 'function' && !isOptions(made))
    throw new WrongUse(
      `--config ${path}: expected the default export to be router options ({ models: … }) or a function, got ${kindOf(made)}`,
    );
  return { made: made as HostModule['made'], settings: checkSettings(module.simulation, path) };
}

async function importing(file: string, path: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (code === 'ERR_UNKNOWN_FILE_EXTENSION')
      throw new WrongUse(
        `--config ${path}: this Node (${process.version}) cannot read TypeScript; from 22.18 on it can, before that with NODE_OPTIONS=--experimental-strip-types`,
      );
    throw new WrongUse(`--config ${path}: loading it failed: ${wordsOf(error)}${remedyFor(error, file)}`);
  }
}

/** What `npm init` writes makes CommonJS of every `.js` and `.ts`. */
function remedyFor(error: unknown, file: string): string {
  const isReadAsCommonJs =
    error instanceof SyntaxError && /outside a module|Unexpected token 'export'/.test(error.message);
  if (!isReadAsCommonJs) return '';
  const extension = extname(file).replace(/^\.c?/, '.m');
  return `; Node reads it as CommonJS: name it ${extension}, or set "type": "module" in its package.json`;
}

export function isRouter(value: unknown): value is SimulatedRouter {
  const { complete, stream } = (value ?? {}) as Partial<SimulatedRouter>;
  return typeof complete === 'function' && typeof stream === 'function';
}

export function isOptions(value: unknown): value is RouterOptions {
  const { models } = (value ?? {}) as { readonly models?: unknown };
  return typeof value === 'object' && typeof models === 'object' && models !== null;
}

export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return `an object with ${Object.keys(value).join(', ') || 'nothing in it'}`;
  return `a ${typeof value}`;
}

const settingNames = ['profiles', 'faultOn', 'model'];

function checkSettings(value: unknown = {}, path: string): SimulationSettings {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new WrongUse(`--config ${path}: expected simulation to be an object, got ${kindOf(value)}`);
  const unknown = Object.keys(value).find((name) => !settingNames.includes(name));
  if (unknown !== undefined) throw notAmong(`--config ${path}: simulation:`, unknown, settingNames);
  const settings = value as SimulationSettings;
  for (const [id, profile] of Object.entries(settings.profiles ?? {})) checkProfile(id, profile, path);
  return settings;
}

function checkProfile(id: string, profile: unknown, path: string): void {
  if (typeof profile === 'string') {
    if (!Object.hasOwn(profiles, profile))
      throw notAmong(`--config ${path}: simulation.profiles.${id}: profile`, profile, Object.keys(profiles));
    return;
  }
  const { firstTokenMs, tokensPerSecond } = (profile ?? {}) as Partial<ProviderProfile>;
  if (isQuantiles(firstTokenMs) && typeof tokensPerSecond === 'number' && tokensPerSecond > 0) return;
  throw new WrongUse(
    `--config ${path}: simulation.profiles.${id}: expected the name of a profile, or { firstTokenMs: [[0, 300], [0.5, 800], [1, 5000]], tokensPerSecond: 60 } with shares that rise from 0 to 1`,
  );
}

function isQuantiles(value: unknown): value is ProviderProfile['firstTokenMs'] {
  if (!Array.isArray(value) || value.length < 2) return false;
  const points = value as readonly (readonly [number, number])[];
  const isRising = points.every(
    (point, index) =>
      Array.isArray(point) &&
      point.length === 2 &&
      point[1] > 0 &&
      (index === 0 ? point[0] === 0 : point[0] > (points[index - 1]?.[0] ?? 0)),
  );
  return isRising && points.at(-1)?.[0] === 1;
}
