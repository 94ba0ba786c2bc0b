/**
 * What each demand costs of `{ createRouter, openai }`: how much smaller the bundle is, minified and gzipped, without the
 * code that serves it. Parts compress each other, so they add up to a little less than the whole.
 */
import { SourceMap } from 'node:module';
import { gzipSync } from 'node:zlib';
import { bundleOf, root } from './project.mjs';

/** By the file that a piece of code came from; the first match counts. */
const demands = [
  ['OpenAI: requests of both surfaces', /openai\/(chat-messages|.*-request|draft|schema|state)/],
  ['OpenAI: replies of both surfaces', /openai\/(.*reader|chat-reasoning|.*-items|tool-calls|usage|reply-)/],
  ['OpenAI: failures', /openai\/classify/],
  ['OpenAI: what a model takes, known and learnt', /openai\/(families|facts|route)/],
  ['OpenAI: client, options, sending', /openai\//],
  ['shared by providers: bodies, histories, keys, failures', /providers\//],
  ['an answer taken up by another target', /execution\/(seam|continuation)/],
  ['carrying a call', /execution\//],
  ['checks of options and requests', /check/],
  ['schemas', /core\/schema/],
  ['errors, scrubbing, clock', /core\//],
  ['health', /health\//],
  ['routing', /routing\//],
  ['the router itself: options, plan, operations, logs', /./],
];

const outputFiles = await bundleOf(
  `export { createRouter } from './src/index.ts'; export { openai } from './src/providers/openai/index.ts';`,
  { sourcemap: 'external', outdir: root },
);
const [map, bundle] = ['.map', '.js'].map((end) => outputFiles.find(({ path }) => path.endsWith(end)).text);
const owners = ownersOf(bundle, JSON.parse(map));

const whole = kilobytes(bundle);
let sum = 0;
for (const [demand] of demands) {
  const cost =
    whole -
    kilobytes(
      bundle
        .split('')
        .filter((_, at) => owners[at] !== demand)
        .join(''),
    );
  sum += cost;
  console.log(`${cost.toFixed(1).padStart(5)} kB  ${demand}`);
}
console.log(`${sum.toFixed(1).padStart(5)} kB  together, of ${whole.toFixed(1)} kB as a whole`);

/** Which demand each character of the bundle serves. */
function ownersOf(code, payload) {
  const sources = new SourceMap(payload);
  const demandOf = (source) =>
    demands.find(([, pattern]) => pattern.test(source.replace(/^.*?src\//, '')))[0];
  return code.split('\n').flatMap((line, row) => {
    const inLine = line.split('').map((_, column) => sources.findEntry(row, column).originalSource);
    return [...inLine.map((source) => source && demandOf(source)), undefined];
  });
}

function kilobytes(code) {
  return gzipSync(code, { level: 9 }).length / 1000;
}
