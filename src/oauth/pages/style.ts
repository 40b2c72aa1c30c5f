/** How the pages look: system fonts, one column from 320 px on, light and dark, visible focus. Nothing is fetched from elsewhere. */

export const STYLE = `:root {
  color-scheme: light dark;
  --ground: #f3f4f8;
  --card: #ffffff;
  --ink: #16181d;
  --soft: #545b6b;
  --line: #d5d9e2;
  --field: #8a91a1;
  --accent: #3346c8;
  --accent-ink: #ffffff;
  --accent-hover: #26359f;
  --tint: #eceffc;
  --fault: #a1182f;
  --fault-tint: #fdecee;
  --good: #12683d;
  --good-tint: #e4f5ec;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0f1116;
    --card: #181b22;
    --ink: #eef0f5;
    --soft: #a9b0c0;
    --line: #2e333f;
    --field: #6d7485;
    --accent: #9fb0ff;
    --accent-ink: #10142b;
    --accent-hover: #bcc8ff;
    --tint: #212743;
    --fault: #ff9dab;
    --fault-tint: #3a1a20;
    --good: #8be0b3;
    --good-tint: #15301f;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html { font-size: 100%; -webkit-text-size-adjust: 100%; }
body {
  margin: 0;
  min-height: 100vh;
  min-height: 100dvh;
  display: flex;
  flex-direction: column;
  align-items: center;
  justify-content: center;
  padding: 1.5rem 1rem;
  background: var(--ground);
  color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
main {
  width: 100%;
  max-width: 26rem;
  padding: 2.25rem 2rem 2rem;
  background: var(--card);
  border: 1px solid var(--line);
  border-radius: 1rem;
  box-shadow: 0 1px 2px rgb(16 20 43 / 6%), 0 12px 32px rgb(16 20 43 / 8%);
}
.brand {
  display: flex;
  align-items: center;
  gap: 0.6rem;
  margin: 0 0 1.75rem;
  color: var(--soft);
  font-size: 0.9375rem;
  font-weight: 600;
  overflow-wrap: anywhere;
}
.brand span {
  display: grid;
  place-items: center;
  flex: none;
  width: 2rem;
  height: 2rem;
  border-radius: 0.55rem;
  background: var(--accent);
  color: var(--accent-ink);
  font-size: 1rem;
  font-weight: 700;
}
h1 { margin: 0 0 0.4rem; font-size: 1.5rem; line-height: 1.25; letter-spacing: -0.015em; overflow-wrap: anywhere; }
h2 { margin: 0 0 0.5rem; font-size: 0.9375rem; }
p { margin: 0 0 1rem; overflow-wrap: anywhere; }
.lead { margin-bottom: 1.5rem; color: var(--soft); }
.lead strong { color: var(--ink); font-weight: 600; }
form { margin: 0; }
label { display: block; margin: 0 0 0.35rem; font-weight: 600; font-size: 0.9375rem; }
.field { margin-bottom: 1.15rem; }
.hint { margin: 0.35rem 0 0; color: var(--soft); font-size: 0.875rem; }
input {
  display: block;
  width: 100%;
  min-height: 2.875rem;
  padding: 0.55rem 0.8rem;
  border: 1px solid var(--field);
  border-radius: 0.6rem;
  background: var(--card);
  color: var(--ink);
  font: inherit;
}
input[aria-invalid="true"] { border-color: var(--fault); }
.code { font: 600 1.375rem/1.3 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; letter-spacing: 0.08em; text-align: center; }
input.code { text-transform: uppercase; }
.shown { margin: 0 0 1.5rem; padding: 0.9rem; border-radius: 0.75rem; background: var(--tint); }
button, .button {
  display: flex;
  align-items: center;
  justify-content: center;
  width: 100%;
  min-height: 2.875rem;
  padding: 0.55rem 1rem;
  border: 1px solid transparent;
  border-radius: 0.6rem;
  background: var(--accent);
  color: var(--accent-ink);
  font: inherit;
  font-weight: 600;
  text-decoration: none;
  cursor: pointer;
}
button:hover, .button:hover { background: var(--accent-hover); }
button.quiet { background: transparent; border-color: var(--field); color: var(--ink); }
button.quiet:hover { background: var(--tint); }
.actions { display: grid; gap: 0.75rem; }
@media (min-width: 25rem) { .actions.two { grid-template-columns: 1fr 1fr; } .actions.two .main { order: 2; } }
.or { display: flex; align-items: center; gap: 0.75rem; margin: 1.15rem 0; color: var(--soft); font-size: 0.875rem; }
.or::before, .or::after { content: ""; flex: 1; border-top: 1px solid var(--line); }
.links { margin: 1.25rem 0 0; text-align: center; font-size: 0.9375rem; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.message { display: none; margin: 0 0 1.25rem; padding: 0.75rem 0.9rem; border-radius: 0.6rem; font-size: 0.9375rem; }
.message.fault { display: block; background: var(--fault-tint); color: var(--fault); border: 1px solid currentcolor; }
.sign { display: grid; place-items: center; width: 3rem; height: 3rem; margin: 0 0 1.25rem; border-radius: 50%; font-size: 1.5rem; font-weight: 700; }
.sign.good { background: var(--good-tint); color: var(--good); }
.sign.fault { background: var(--fault-tint); color: var(--fault); }
.wants { margin: 0 0 1.25rem; padding: 0; list-style: none; border: 1px solid var(--line); border-radius: 0.75rem; }
.wants li { position: relative; padding: 0.65rem 0.9rem 0.65rem 2.6rem; overflow-wrap: anywhere; }
.wants li + li { border-top: 1px solid var(--line); }
.wants li::before { content: "\\2713"; position: absolute; left: 0.95rem; color: var(--accent); font-weight: 700; }
.small { color: var(--soft); font-size: 0.875rem; }
.after { margin: 1.25rem 0 0; text-align: center; }
.facts { margin: 0 0 1.5rem; color: var(--soft); font-size: 0.875rem; }
.facts div { display: flex; gap: 0.5rem; flex-wrap: wrap; }
.facts dt { flex: none; }
.facts dd { margin: 0; overflow-wrap: anywhere; font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
@media (max-width: 25rem) {
  body { justify-content: flex-start; padding: 0; background: var(--card); }
  main { padding: 1.5rem 1.25rem; border: 0; border-radius: 0; box-shadow: none; background: transparent; }
}
@media (forced-colors: active) {
  .brand span, .sign { border: 1px solid; }
}
`
