import { writeFileSync } from 'node:fs';
import { drawStreamsThatSurvive } from './pictures/streams-that-survive.ts';
import { drawTimeline } from './pictures/timeline.ts';

// npm run source -- test/bench/pictures.ts: draws the pictures of docs/guides from real runs, in virtual time

const folder = new URL('../../docs/guides/pictures/', import.meta.url);
const draw = {
  'streams-that-survive.svg': () => drawStreamsThatSurvive(),
  'down.svg': () => drawTimeline('S1', 'Down: a answers 503 to every request'),
  'brownout.svg': () => drawTimeline('S2', 'A brownout: 30 % of the requests to a fail'),
  'hang.svg': () => drawTimeline('S5-hang', 'A hang: a takes every request and says nothing'),
};
for (const [name, picture] of Object.entries(draw)) writeFileSync(new URL(name, folder), await picture());
