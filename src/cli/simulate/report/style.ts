/** Calm in light and in dark; nothing is told by colour alone. */
export const style = `:root {
  color-scheme: light dark;
  --paper: #fdfdfc; --ink: #1d2329; --quiet: #5d6670; --rule: #dcdfe3; --strip: #eceef0; --shade: #b4533a1c;
  --good: #a9bccb; --slow: #d99a1c; --failed: #c0352b; --held: #6d5a86; --met: #2c7a4b;
  --t0: #4a7fc1; --t1: #3a9d8c; --t2: #9a72bd; --t3: #a9793a; --t4: #74828f; --t5: #bf6795;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181c; --ink: #e3e7ea; --quiet: #9aa5ae; --rule: #30373e; --strip: #22282e; --shade: #e0795a26;
    --good: #4f6577; --slow: #d9a33c; --failed: #e5685c; --held: #a08cbd; --met: #6cc48f;
    --t0: #5e93d6; --t1: #48ad9b; --t2: #a988cb; --t3: #bd8f50; --t4: #84929f; --t5: #ce7ba6;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1rem 6rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 0.75rem; text-wrap: balance; }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 0 0 0.5rem; }
h2 span { color: var(--quiet); font-weight: 400; }
h3 { font-size: 1rem; margin: 2rem 0 0.5rem; }
p { margin: 0 0 0.75rem; max-width: 46rem; }
a { color: inherit; text-decoration-color: var(--quiet); text-underline-offset: 0.15em; }
.quiet, figcaption, .legend, .small { color: var(--quiet); font-size: 0.8125rem; }
section { border-top: 1px solid var(--rule); margin-top: 2.5rem; padding-top: 1.5rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.875rem; font-variant-numeric: tabular-nums; width: 100%; }
caption { text-align: left; color: var(--quiet); font-size: 0.8125rem; padding-bottom: 0.25rem; }
th .quiet { font-weight: 400; }
th, td { text-align: left; vertical-align: top; padding: 0.3rem 1rem 0.3rem 0; border-bottom: 1px solid var(--rule); }
thead th { font-weight: 600; color: var(--quiet); font-size: 0.8125rem; white-space: nowrap; }
.number { text-align: right; white-space: nowrap; }
.nowrap { white-space: nowrap; }
.met { color: var(--met); }
.missed { color: var(--failed); font-weight: 600; }
.seeds { letter-spacing: 0.15em; white-space: nowrap; }
details { margin-top: 1rem; }
summary { cursor: pointer; padding: 0.25rem 0; }
summary:focus-visible, .charts:focus-visible, a:focus-visible { outline: 2px solid var(--t0); outline-offset: 2px; }
code { font: 0.8125rem ui-monospace, monospace; }
figure { margin: 1.25rem 0 0; }
figcaption b { color: var(--ink); overflow-wrap: anywhere; }
.legend { display: flex; flex-wrap: wrap; gap: 0 1rem; list-style: none; margin: 0 0 0.25rem; padding: 0; }
.legend li { overflow-wrap: anywhere; }
symbol .fault { stroke: var(--quiet); stroke-dasharray: 1 3; }
.shared { position: absolute; width: 0; height: 0; }
.key { width: 0.875rem; height: 0.625rem; margin-right: 0.35rem; }
.chart { display: block; touch-action: pan-y; }
text { fill: var(--quiet); font-size: 11px; text-anchor: middle; }
.y, .first { text-anchor: start; } .last { text-anchor: end; }
.y { paint-order: stroke; stroke: var(--paper); stroke-width: 3px; stroke-linejoin: round; }
.grid { stroke: var(--rule); vector-effect: non-scaling-stroke; }
.edge { stroke: var(--ink); stroke-dasharray: 1 3; }
.strip { fill: var(--strip); }
.fault { fill: var(--shade); }
.good { fill: var(--good); } .slow { fill: var(--slow); } .failed { fill: var(--failed); }
.t0 { fill: var(--t0); } .t1 { fill: var(--t1); } .t2 { fill: var(--t2); }
.t3 { fill: var(--t3); } .t4 { fill: var(--t4); } .t5 { fill: var(--t5); }
.s-open { fill: var(--failed); } .s-half-open, .s-slow-start, .s-reduced { fill: var(--slow); } .s-held { fill: var(--held); }
.line { fill: none; stroke: var(--ink); stroke-width: 1.5px; vector-effect: non-scaling-stroke; }
.p50 { stroke-width: 2px; }
.p95 { stroke: var(--quiet); }
.p99 { stroke: var(--quiet); stroke-dasharray: 2 3; }
.allowed { stroke-dasharray: 5 3; stroke-width: 1.25px; }
.cursor { stroke: var(--ink); stroke-width: 1px; visibility: hidden; pointer-events: none; }
.reading .cursor { visibility: visible; }
.reading .readout { position: sticky; bottom: 0; z-index: 1; }
.readout { display: flex; flex-wrap: wrap; gap: 0 1.25rem; margin-top: 1rem; padding: 0.5rem 0;
  min-height: 2.5rem; background: var(--paper); border-top: 1px solid var(--rule); font-size: 0.8125rem;
  font-variant-numeric: tabular-nums; color: var(--quiet); }
.readout strong, .readout b { color: var(--ink); }
.readout span { overflow-wrap: anywhere; }
.figures th, .figures td { text-align: right; padding: 0.1rem 0.75rem 0.1rem 0; white-space: nowrap; }
.figures thead th[colspan] { text-align: left; white-space: normal; overflow-wrap: anywhere; }
.figures i { font-style: normal; font-weight: 400; }
.in-fault { background: var(--shade); }
@media (max-width: 40rem) { main { padding-top: 1.5rem; } h1 { font-size: 1.375rem; } .legend { gap: 0 0.75rem; } }
@media print { details > :not(summary) { display: block; } .readout { display: none; } }
`;
