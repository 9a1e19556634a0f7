export const pageStyle = `
:root { color-scheme: light dark; --line: #8884; --good: #18794e; --bad: #c62a2f; --warn: #8a5a00; --soft: #8881; }
@media (prefers-color-scheme: dark) { :root { --good: #4cc38a; --bad: #ff8589; --warn: #f1a10d; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1rem; font: 15px/1.45 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; align-items: baseline; border-bottom: 1px solid var(--line); }
header p { margin: .5rem 0; }
h1 { font-size: 1.3rem; margin: .5rem 0; }
h2 { font-size: 1.05rem; margin: 1.5rem 0 .5rem; }
#state { font-weight: 600; }
#warnings { margin: 1rem 0 0; padding: .6rem .6rem .6rem 2rem; border-left: 4px solid var(--warn); background: var(--soft); }
dl { display: flex; flex-wrap: wrap; gap: .75rem 2.5rem; margin: 0; }
dl div { display: flex; flex-direction: column-reverse; }
dt { color: GrayText; }
dd { margin: 0; font-size: 1.5rem; font-variant-numeric: tabular-nums; }
.tools { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; }
input[type=search] { width: 14rem; max-width: 60vw; }
.scroll { overflow: auto; max-height: 32rem; border: 1px solid var(--line); border-radius: 4px; }
table { border-collapse: collapse; width: 100%; min-width: 48rem; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { position: sticky; top: 0; background: Canvas; white-space: nowrap; }
td { overflow-wrap: anywhere; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.nowrap { white-space: nowrap; }
.detail { display: block; color: GrayText; font-size: .9em; }
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); }
`;
