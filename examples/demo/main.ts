/**
 * `npm run demo`: a stream cut in its middle, and then a bad day of one vendor, seen by callers with and without a router. No key, nothing leaves this machine.
 * `npm run demo -- --live`: a handful of calls to the real vendors, with keys that it asks for.
 */
import { parseArgs } from 'node:util';
import { showBrokenAnswers } from './broken-answer.ts';
import { goLive, liveFlags, liveHelp } from './live.ts';
import { showOutage } from './outage.ts';

const help = `npm run demo               a stream that outlives its vendor; then four stand-in vendors, and one outage after the other
npm run demo -- --streams  only the stream
${liveHelp}`;

const flags = readFlags();
if (flags?.help) console.log(help);
else if (flags?.live) process.exitCode = await goLive(flags);
else if (flags?.streams) process.exitCode = await showBrokenAnswers();
else if (flags) process.exitCode = (await showBrokenAnswers()) || (await showOutage());

function readFlags() {
  try {
    const options = {
      help: { type: 'boolean' },
      live: { type: 'boolean' },
      streams: { type: 'boolean' },
      ...liveFlags,
    } as const;
    return parseArgs({ options }).values;
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${help}`);
    process.exitCode = 2;
    return undefined;
  }
}
