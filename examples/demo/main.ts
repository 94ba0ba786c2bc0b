/**
 * `npm run demo`: a bad day of one vendor, seen by callers with and without a router. No key, nothing leaves this machine.
 * `npm run demo -- --live`: a handful of calls to the real vendors, with keys that it asks for.
 */
import { parseArgs } from 'node:util';
import { goLive, liveFlags, liveHelp } from './live.ts';
import { showOutage } from './outage.ts';

const help = `npm run demo               four stand-in vendors, hundreds of calls, one outage after the other
${liveHelp}`;

const flags = readFlags();
if (flags?.help) console.log(help);
else if (flags?.live) process.exitCode = await goLive(flags);
else if (flags) process.exitCode = await showOutage();

function readFlags() {
  try {
    const options = { help: { type: 'boolean' }, live: { type: 'boolean' }, ...liveFlags } as const;
    return parseArgs({ options }).values;
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${help}`);
    process.exitCode = 2;
    return undefined;
  }
}
