/// How a report looks, in light and in dark, and what it does when somebody types a part of a name.
enum ReportStyle {
  /// The style sheet.
  static let sheet = """
    :root {
      color-scheme: light dark;
      --text: #1d2129; --dim: #667085; --page: #ffffff; --line: #e4e7ec; --bar: #b8d4f5; --ink: #2f6fbf; --bad: #c4221a;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --text: #e6e8ec; --dim: #98a1b0; --page: #16181d; --line: #2c313a; --bar: #27496f; --ink: #7fb2ee; --bad: #ff7a70;
      }
    }
    body { margin: 2rem; color: var(--text); background: var(--page); font: 13px/1.6 system-ui, sans-serif; }
    h1 { font-size: 1.7rem; margin: 0; overflow-wrap: anywhere; }
    h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; overflow-wrap: anywhere; }
    p { margin: .25rem 0; color: var(--dim); overflow-wrap: anywhere; }
    footer { margin-top: 2rem; max-width: 60rem; }
    .bad { color: var(--bad); }
    table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
    th { color: var(--dim); font-weight: normal; }
    th, td { padding: .2rem 1.5rem .2rem 0; text-align: right; vertical-align: top; white-space: nowrap; }
    td.l { min-width: 8rem; white-space: normal; overflow-wrap: anywhere; }
    tr + tr { border-top: 1px solid var(--line); }
    .l, .summary th, .summary td { text-align: left; }
    .summary { margin-top: 1rem; }
    .bar { background: linear-gradient(var(--bar), var(--bar)) no-repeat left / var(--w) 75%; }
    td.bar { min-width: 12rem; text-align: left; }
    .wide { overflow-x: auto; }
    .tree { width: max-content; min-width: 100%; font-variant-numeric: tabular-nums; }
    .r {
      display: grid; border-top: 1px solid var(--line); align-items: center; column-gap: .6em; min-height: 1.7rem;
      grid-template-columns: var(--columns);
    }
    .r > * { text-align: right; white-space: nowrap; }
    .r > .l { text-align: left; }
    .r > :first-child {
      padding-left: min(1em + 1.2em * var(--d, 0), 60%);
      white-space: normal; overflow-wrap: anywhere;
    }
    .r > .bar { align-self: stretch; }
    .head { color: var(--dim); border: 0; }
    summary { cursor: pointer; }
    summary > :first-child::before { content: "▸ "; margin-left: -1em; color: var(--dim); }
    details[open] > summary > :first-child::before { content: "▾ "; }
    svg { height: 20px; width: 96px; }
    path { fill: var(--ink); }
    .tools { display: none; }
    .script .tools { display: block; }
    input { font: inherit; padding: .2rem .5rem; width: 20rem; max-width: 100%; }
    .hidden { display: none; }
    @media print { body { margin: 0; } .tools { display: none !important; } }
    """

  /// The script, without which the page only misses the search.
  static let script = """
    document.body.classList.add("script");
    for (const field of document.querySelectorAll("input[data-tree]")) {
      const tree = document.getElementById(field.dataset.tree);
      const layers = [...tree.querySelectorAll("details")].reverse();
      const none = field.parentElement.querySelector(".none");
      let wasOpen = null;  // before the search
      const fits = row => row.classList.contains("t")
        && row.firstElementChild.title.toLowerCase().includes(field.value.toLowerCase());
      field.addEventListener("input", () => {
        const searching = field.value !== "";
        if (searching && !wasOpen) wasOpen = new Map(layers.map(layer => [layer, layer.open]));
        let found = false;
        for (const row of tree.querySelectorAll("div.r:not(.head)")) {
          const shows = !searching || fits(row);
          row.classList.toggle("hidden", !shows);
          found ||= shows;
        }
        for (const layer of layers) {  // the innermost first
          const own = fits(layer.firstElementChild);
          const any = [...layer.children].slice(1).some(child => !child.classList.contains("hidden"));
          layer.classList.toggle("hidden", searching && !any && !own);
          layer.open = searching ? any : wasOpen?.get(layer) ?? layer.open;
          found ||= own;
        }
        none.classList.toggle("hidden", found);
        if (!searching) wasOpen = null;
      });
    }
    """
}
