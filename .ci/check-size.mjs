/** What `createRouter` with one provider adds to a bundle, dependencies aside, stays within its budget. */
import { gzipSync } from 'node:zlib';
import { bundleOf, report } from './project.mjs';

/** A guard against growth; docs/decisions.md says why it is not the 25 kB that were aimed at. */
const BUDGET_BYTES = 74_500;

const [bundle] = await bundleOf(
  `export { createRouter } from './dist/index.js'; export { openai } from './dist/openai.js';`,
);
const bytes = gzipSync(bundle.contents, { level: 9 }).length;
const figure = `{ createRouter, openai }: ${kilobytes(bytes)} minified and gzipped, budget ${kilobytes(BUDGET_BYTES)}`;
report(bytes > BUDGET_BYTES ? [`over budget: ${figure}`] : [], figure);

function kilobytes(count) {
  return `${(count / 1000).toFixed(1)} kB`;
}
