import { writeFileSync } from 'node:fs';
import { drawStreamsThatSurvive } from './pictures/streams-that-survive.ts';

// npm run source -- test/bench/pictures.ts: draws the pictures of docs/guides from real runs, in virtual time

const folder = new URL('../../docs/guides/pictures/', import.meta.url);
writeFileSync(new URL('streams-that-survive.svg', folder), await drawStreamsThatSurvive());
