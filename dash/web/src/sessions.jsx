import { Fragment, h } from "preact";
import { showHosts, state } from "./store.js";
import { clean } from "./clean.js";
import { ago, colourOf, many, short, span } from "./format.js";

// until is how long it is to a moment.
function until(when) {
  const t = Date.parse(when);
  return t > Date.now() ? "in " + span((t - Date.now()) / 1000) : t > 0 ? "now" : "–";
}

function SlotRow({ s }) {
  return (
    <tr data-role={clean(s.role, 16)} data-state={clean(s.state, 16)}>
      <td>{clean(s.role, 16)} {Number(s.slot)}</td>
      <td class="dim">{clean(s.use, 16) || "–"}</td>
      <td><span class={"pill " + clean(s.state, 16)}>{clean(s.state, 16)}</span></td>
      <td class="mono" title={clean(s.id, 80)}>{s.id ? short(s.id) : "–"}</td>
      <td class="num">{ago(s.since)}</td>
      <td class="num">{Number(s.attempts) || 0}</td>
      <td class="num">{until(s.retry_at)}</td>
      <td class="cut mono" title={clean(s.addr, 200)}>{clean(s.addr, 80) || "–"}</td>
      <td class="cut" title={clean(s.why, 256)}>{clean(s.why, 120) || "–"}</td>
    </tr>
  );
}

// SlotTable shows what each slot is for and how it does.
function SlotTable() {
  const filled = state.slots.filter((s) => s.state === "connected").length;
  return (
    <section class="card sslots">
      <h2>Slots <span class="count">{filled} of {state.slots.length} connected</span></h2>
      <div class="scroll">
        <table id="slot-table">
          <thead><tr><th>slot</th><th>use</th><th>state</th><th>who</th><th class="num">since</th><th class="num">tries</th><th class="num">retry</th><th>address</th><th>why</th></tr></thead>
          <tbody>{state.slots.map((s) => <SlotRow key={s.role + s.slot} s={s} />)}</tbody>
        </table>
        {state.slots.length === 0 && <p class="empty">No slots: this node only answers.</p>}
      </div>
    </section>
  );
}

const colours = ["gold", "white", "grey", "dark", "black"];

// Hosts shows the host book, one colour or all, page by page.
function Hosts() {
  const { colour, offset, limit, total, hosts } = state.book;
  const sum = colours.reduce((n, c) => n + (Number(state.counts[c]) || 0), 0);
  const last = Math.min(offset + limit, total);
  return (
    <section class="card shosts">
      <h2>Hosts
        <span class="chips">
          {["", ...colours].map((c) => (
            <button type="button" key={c} id={"hosts-" + (c || "all")} class={"chip" + (c === colour ? " on" : "")} onClick={() => showHosts(c, 0)}>
              {c && <i class="dot" style={{ background: colourOf(c) }} />}{c || "all"} {c ? Number(state.counts[c]) || 0 : sum}
            </button>
          ))}
        </span>
        <span class="right chips">
          <button type="button" id="hosts-back" class="chip" disabled={offset === 0} onClick={() => showHosts(colour, Math.max(0, offset - limit))}>back</button>
          <span id="hosts-at" class="count">{total ? offset + 1 : 0}–{last} of {total}</span>
          <button type="button" id="hosts-on" class="chip" disabled={last >= total} onClick={() => showHosts(colour, offset + limit)}>on</button>
        </span>
      </h2>
      <div class="scroll">
        <table id="hosts">
          <thead><tr><th>node</th><th>colour</th><th class="num">seen</th><th class="num">tried</th><th class="num">tries</th><th class="num">fails</th><th class="num">retry</th><th>addresses</th></tr></thead>
          <tbody>
            {hosts.map((x) => (
              <tr key={x.id} data-colour={clean(x.colour, 12)}>
                <td><i class="dot" style={{ background: colourOf(x.colour) }} /> <span class="mono" title={clean(x.id, 80)}>{short(x.id)}</span></td>
                <td>{clean(x.colour, 12)}{x.anchor ? ", anchor" : ""}</td>
                <td class="num">{ago(x.last_seen)}</td>
                <td class="num">{ago(x.last_tried)}</td>
                <td class="num">{Number(x.tries) || 0}</td>
                <td class="num">{Number(x.fails) || 0}</td>
                <td class="num">{until(x.retry_at)}</td>
                <td class="cut mono" title={(x.addrs || []).map((a) => clean(a, 200)).join("\n")}>{(x.addrs || []).slice(0, 2).map((a) => clean(a, 90)).join(" ")}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {hosts.length === 0 && <p class="empty">Nobody of this colour.</p>}
      </div>
    </section>
  );
}

// Bans shows who is shut out, and until when.
function Bans() {
  return (
    <section class="card sbans">
      <h2>Bans <span class="count">{many(state.bans.total, "ban")} in force</span></h2>
      <ul id="bans" class="scroll">
        {state.bans.bans.map((b) => (
          <li key={b.target}><span class="mono cut" title={clean(b.target, 120)}>{clean(b.target, 80)}</span><span class="dim num">{until(b.until)}</span></li>
        ))}
        {state.bans.bans.length === 0 && <li class="empty">Nobody is banned.</li>}
      </ul>
    </section>
  );
}

export function Sessions() {
  return <main class="board sessions"><SlotTable /><Bans /><Hosts /></main>;
}
