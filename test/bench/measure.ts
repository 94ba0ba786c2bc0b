/** The same work done twice: by the bare SDK and through failsoft. */
export interface Pair {
  readonly bare: () => Promise<unknown>;
  readonly routed: () => Promise<unknown>;
}

export interface Spread {
  readonly median: number;
  /** The middle half of the rounds lies between these. */
  readonly from: number;
  readonly to: number;
}

export interface Compared {
  /** Microseconds of one operation. */
  readonly bareUs: Spread;
  readonly routedUs: Spread;
  readonly addedUs: Spread;
  readonly ratio: Spread;
}

const warmUpMs = 1_500;
/** Long enough to hold the sweeping of the garbage that it makes. */
const batchMs = 25;
const rounds = 40;

/**
 * Measures both in turns in one process, so that whatever else the machine does meets both. Each round gives one ratio
 * of neighbours; the median of the rounds is what counts.
 */
export async function compareTime({ bare, routed }: Pair): Promise<Compared> {
  const bareCount = await warmUp(bare);
  const routedCount = await warmUp(routed);
  const samples: { readonly bareUs: number; readonly routedUs: number }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    // Each goes first in half of the rounds: the second one may have to sweep up after the first.
    if (round % 2 === 0) {
      const bareUs = await timeOf(bare, bareCount);
      samples.push({ bareUs, routedUs: await timeOf(routed, routedCount) });
    } else {
      const routedUs = await timeOf(routed, routedCount);
      samples.push({ bareUs: await timeOf(bare, bareCount), routedUs });
    }
  }
  return {
    bareUs: spreadOf(samples.map(({ bareUs }) => bareUs)),
    routedUs: spreadOf(samples.map(({ routedUs }) => routedUs)),
    addedUs: spreadOf(samples.map(({ bareUs, routedUs }) => routedUs - bareUs)),
    ratio: spreadOf(samples.map(({ bareUs, routedUs }) => routedUs / bareUs)),
  };
}

/** Lets the compiler see the work often enough; how many operations fill a batch. */
async function warmUp(run: () => Promise<unknown>): Promise<number> {
  await timeOf(run, 50);
  const roughUs = await timeOf(run, 50);
  await timeOf(run, Math.ceil((warmUpMs * 1000) / roughUs));
  return Math.max(1, Math.round((batchMs * 1000) / (await timeOf(run, 200))));
}

/**
 * Microseconds of one operation, as time on a processor, that of the collector of garbage included: nothing here waits,
 * and what other programs do meanwhile is no part of it.
 */
export async function timeOf(run: () => Promise<unknown>, operations: number): Promise<number> {
  const before = process.cpuUsage();
  for (let count = 0; count < operations; count += 1) await run();
  // What was left to do after the last answer belongs to it.
  await new Promise((resolve) => setImmediate(resolve));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / operations;
}

export interface Allocated {
  /** Bytes on the heap for one operation. */
  readonly bareBytes: number;
  readonly routedBytes: number;
}

/** Needs `--expose-gc`, and a young generation so large that nothing is swept within a batch: see main.ts. */
export async function compareAllocation({ bare, routed }: Pair, operations: number): Promise<Allocated> {
  const bareBytes: number[] = [];
  const routedBytes: number[] = [];
  await timeOf(bare, operations * 3);
  await timeOf(routed, operations * 3);
  for (let round = 0; round < 9; round += 1) {
    bareBytes.push(await bytesOf(bare, operations));
    routedBytes.push(await bytesOf(routed, operations));
  }
  return { bareBytes: spreadOf(bareBytes).median, routedBytes: spreadOf(routedBytes).median };
}

async function bytesOf(run: () => Promise<unknown>, operations: number): Promise<number> {
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  for (let count = 0; count < operations; count += 1) await run();
  return (process.memoryUsage().heapUsed - before) / operations;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((one, other) => one - other);
  const at = (share: number) => sorted[Math.round((sorted.length - 1) * share)] as number;
  return { median: at(0.5), from: at(0.25), to: at(0.75) };
}
