import { Fragment, h } from "preact";
import { useState } from "preact/hooks";
import { look, showItems, state } from "./store.js";
import { clean } from "./clean.js";
import { bytes, many, ms, short } from "./format.js";

// percent is a share of the ring, however small.
const percent = (share) => (share >= 0.9999 ? "all" : share > 0 ? (100 * share).toPrecision(2) + " %" : "–");

function Networks() {
  return (
    <section class="card cnets">
      <h2>Content networks <span class="count">{many(state.networks.length, "network")}</span></h2>
      <div class="scroll">
        <table id="networks">
          <thead><tr><th>network</th><th>protocol</th><th class="num">nodes</th><th class="num">of the ring</th><th class="num">items</th><th class="num">kept</th><th class="num">capacity</th><th class="num">found</th></tr></thead>
          <tbody>
            {state.networks.map((n) => (
              <tr key={n.name}>
                <td>{clean(n.name, 32)} <span class="dim">{clean(n.kind, 16)}</span></td>
                <td class="mono dim">{clean(n.protocol, 24)}</td>
                <td class="num" title="live, and all of the table">{Number(n.live) || 0} of {Number(n.nodes) || 0}</td>
                <td class="num" title={"radius " + clean(n.radius, 80)}>{percent(Number(n.radius_share))}</td>
                <td class="num">{Number(n.items) || 0}</td>
                <td class="num">{bytes(n.bytes)}</td>
                <td class="num">{bytes(n.capacity)}</td>
                <td class="num" title="lookups that found something">{Number(n.found) || 0} of {Number(n.lookups) || 0}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {state.networks.length === 0 && <p class="empty">This node takes part in no content network.</p>}
      </div>
    </section>
  );
}

// Items shows what the node keeps, page by page.
function Items() {
  const { items, next, network } = state.kept;
  return (
    <section class="card citems">
      <h2>Kept here
        <span class="chips">
          {state.networks.map((n) => (
            <button type="button" key={n.name} class={"chip" + (n.name === network ? " on" : "")} onClick={() => showItems(n.name, null)}>{clean(n.name, 32)}</button>
          ))}
        </span>
        <span class="right chips">
          <button type="button" id="items-first" class="chip" onClick={() => showItems(network, null)}>first</button>
          <button type="button" id="items-on" class="chip" disabled={!next} onClick={() => showItems(network, next)}>on</button>
        </span>
      </h2>
      <ul id="items" class="scroll">
        {items.map((i) => (
          <li key={i.key}>
            <button type="button" class="link mono cut" title={clean(i.id, 80)} onClick={() => look(i.id)}>{clean(i.id, 80)}</button>
            <span class="dim">{clean(i.kind, 12)}</span>
          </li>
        ))}
        {items.length === 0 && <li class="empty">Nothing yet.</li>}
      </ul>
    </section>
  );
}

// hops orders the nodes of a trace by how many answers lead to them: the origin first,
// then whom it began with, then whom those named.
export function hops(trace) {
  const place = new Map([[trace.origin, { hop: 0, by: null }]]);
  let edge = [trace.origin];
  for (let hop = 1; edge.length; hop++) {
    const next = [];
    for (const by of edge) {
      for (const id of trace.responses?.[by]?.respondedWith || []) {
        if (place.has(id)) continue;
        place.set(id, { hop, by });
        next.push(id);
      }
    }
    edge = next;
  }
  const columns = [];
  for (const [id, p] of place) {
    const failed = trace.failures?.[id], said = trace.responses?.[id];
    const state = id === trace.origin ? "origin" : id === trace.receivedFrom ? "source" : failed ? "failed" : said ? "asked" : "named";
    (columns[p.hop] ||= []).push({ id, by: p.by, state, after: (failed || said)?.durationMs, why: failed?.failure, distance: trace.metadata?.[id]?.distance || "" });
  }
  columns.forEach((c) => c.sort((a, b) => (a.distance < b.distance ? -1 : 1)));
  return columns;
}

const shown = { origin: 9, source: 9, asked: 7, failed: 6, named: 4 };
const rowsMax = 20; // of one hop; the farther ones are left out

// Hops draws a lookup: a column for each hop, the nearest to the content on top.
function Hops({ trace }) {
  const columns = hops(trace).map((c) => c.filter((n, i) => i < rowsMax || n.state !== "named").slice(0, 2 * rowsMax));
  const tall = Math.max(...columns.map((c) => c.length)), width = 150, height = 26;
  const at = new Map();
  columns.forEach((c, x) => c.forEach((n, y) => at.set(n.id, { x: 40 + x * width, y: 24 + (y + (tall - c.length) / 2) * height })));
  const size = { w: 40 + columns.length * width, h: 30 + tall * height };
  return (
    <svg id="hops" viewBox={`0 0 ${size.w} ${size.h}`} width={size.w} height={size.h} data-hops={columns.length - 1} data-nodes={at.size} role="img" aria-label="Who was asked, hop by hop">
      {columns.flat().map((n) => {
        const to = at.get(n.id), from = n.by && at.get(n.by);
        return from && <path key={n.by + n.id} class={"hop " + n.state} d={`M${from.x} ${from.y}C${from.x + 70} ${from.y} ${to.x - 70} ${to.y} ${to.x} ${to.y}`} />;
      })}
      {columns.flat().map((n) => {
        const p = at.get(n.id);
        return (
          <g key={n.id} class={"node " + n.state}>
            <title>{clean(n.id, 80) + (n.after >= 0 ? "\nafter " + n.after + " ms" : "") + (n.why ? "\n" + clean(n.why, 128) : "")}</title>
            <circle cx={p.x} cy={p.y} r={shown[n.state]} />
            <text x={p.x + 13} y={p.y + 4}>{n.state === "origin" ? "this node" : short(n.id)}</text>
          </g>
        );
      })}
    </svg>
  );
}

const legend = [["this node", "origin"], ["had it", "source"], ["answered", "asked"], ["failed", "failed"], ["named, not asked", "named"]];

// Lookup finds content and shows the way to it.
function Lookup() {
  const [id, setID] = useState("");
  const l = state.lookup;
  const submit = (e) => {
    e.preventDefault();
    if (id.trim()) look(id.trim());
  };
  return (
    <section class="card clook">
      <h2>Lookup {l.id && <span class="count mono" title={clean(l.id, 80)}>{short(l.id)}</span>}
        {l.trace && <span id="looked" class={"pill " + (l.found ? "good" : "bad")}>{l.found ? (l.trace.receivedFrom && l.trace.receivedFrom !== l.trace.origin ? "found at " + short(l.trace.receivedFrom) : "found here") + " in " + (ms(l.took)) : "not found"}</span>}
      </h2>
      <form class="inline" onSubmit={submit}>
        <input id="content-id" value={id} placeholder="Content ID: 0x and 64 hex digits" spellcheck={false} autocomplete="off" maxLength={80} onInput={(e) => setID(e.currentTarget.value)} />
        <button type="submit" id="look" disabled={l.busy}>{l.busy ? "looking…" : "Look up"}</button>
      </form>
      {l.error && <p class="error">{clean(l.error, 200)}</p>}
      <div class="scroll">{l.trace ? <Hops trace={l.trace} /> : <p class="empty">Look something up to see whom this node asks, whom they name, and who has it.</p>}</div>
      <ul class="legend">{legend.map(([name, c]) => <li key={c}><i class={"dot t-" + c} />{name}</li>)}</ul>
    </section>
  );
}

export function Content() {
  return <main class="board content"><Networks /><Lookup /><Items /></main>;
}
