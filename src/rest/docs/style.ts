/** The style sheet of the pages: system fonts, both colour schemes, no script. Contrast is at least 4.5:1 in each. */

export const STYLE = `:root {
  color-scheme: light dark;
  --paper: light-dark(#ffffff, #14171c);
  --shade: light-dark(#f4f5f7, #1d2128);
  --line: light-dark(#d9dde3, #343b46);
  --ink: light-dark(#1b1f24, #e6e9ee);
  --quiet: light-dark(#57606a, #a3adba);
  --accent: light-dark(#0b57c2, #7db2ff);
  --client: light-dark(#8a4b00, #f0b35b);
  --server: light-dark(#b3261e, #ff9d94);
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1.5rem; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.6 system-ui, sans-serif; }
a { color: var(--accent); text-underline-offset: 0.15em; }
a:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
/* Within .text only: the reference brings its own. */
.text code, .text pre { font-family: ui-monospace, 'SFMono-Regular', Menlo, Consolas, monospace; font-size: 0.9em; }
.text code { background: var(--shade); padding: 0.1em 0.3em; border-radius: 4px; }
.text pre { background: var(--shade); border: 1px solid var(--line); border-radius: 8px; padding: 1rem; overflow-x: auto; }
.text pre code { background: none; padding: 0; }
.skip { position: absolute; left: -100vw; }
.skip:focus { left: 1rem; top: 0.5rem; background: var(--paper); padding: 0.5rem; z-index: 1; }
.bar { display: flex; flex-wrap: wrap; gap: 0.25rem 2rem; align-items: baseline; padding: 0.75rem 1.5rem; border-bottom: 1px solid var(--line); background: var(--shade); }
.bar .service { margin: 0; font-weight: 650; letter-spacing: -0.01em; }
.bar ul { display: flex; gap: 1.25rem; margin: 0; padding: 0; list-style: none; }
.bar a { color: var(--quiet); text-decoration: none; }
.bar a:hover { color: var(--ink); text-decoration: underline; }
.bar a[aria-current] { color: var(--ink); font-weight: 600; }
.text { max-width: 46rem; margin: 0 auto; padding: 2rem 1.5rem 6rem; }
.text h1 { font-size: 2rem; line-height: 1.2; letter-spacing: -0.02em; margin: 0.5rem 0 1rem; }
.text h2 { font-size: 1.3rem; margin: 3rem 0 0.5rem; padding-bottom: 0.4rem; border-bottom: 1px solid var(--line); }
.contents { columns: 18rem; column-gap: 2rem; padding-left: 0; list-style: none; font-size: 0.9rem; }
.contents li { break-inside: avoid; }
.error { margin: 1.75rem 0; padding: 1rem 1.25rem; border: 1px solid var(--line); border-radius: 10px; }
.error:target { border-color: var(--accent); box-shadow: 0 0 0 3px color-mix(in srgb, var(--accent) 25%, transparent); }
.error h3 { display: flex; flex-wrap: wrap; gap: 0.25rem 0.75rem; align-items: baseline; font-size: 1rem; margin: 0; }
.error h3 a { color: inherit; text-decoration: none; font-family: ui-monospace, 'SFMono-Regular', Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.error h3 a:hover { text-decoration: underline; }
.status { font-size: 0.8rem; font-weight: 600; color: var(--client); }
.status.server { color: var(--server); }
.error p { margin: 0.4rem 0 0.8rem; font-weight: 550; }
.error dl { display: grid; grid-template-columns: 4.5rem 1fr; gap: 0.3rem 1rem; margin: 0; }
.error dt { color: var(--quiet); }
.error dd { margin: 0; }
@media (max-width: 32rem) { .error dl { grid-template-columns: 1fr; gap: 0; } .error dd { margin-bottom: 0.5rem; } }
`
