import { h } from "preact";
import { useState } from "preact/hooks";
import { connect, disconnect, state } from "./store.js";
import { clean } from "./clean.js";
import { ago, colourOf, ms, short } from "./format.js";

function Peer({ peer, onEnd }) {
  return (
    <tr>
      <td><i class="dot" style={{ background: colourOf(peer.colour) }} title={clean(peer.colour, 12) || "in no list"} /> <span class="mono" title={clean(peer.id, 80)}>{short(peer.id)}</span></td>
      <td>{clean(peer.session, 16)}</td>
      <td class="num">{ms(peer.rtt_ms)}</td>
      <td>{clean(peer.link, 12)} {peer.direction === "in" ? "←" : "→"}</td>
      <td class="num">{ago(peer.since)}</td>
      <td class="cut" title={clean(peer.agent, 128)}>{clean(peer.agent, 40)}</td>
      <td class="cut mono" title={clean(peer.addr, 200)}>{clean(peer.addr, 80)}</td>
      <td><button type="button" class="quiet" title="Disconnect" aria-label={"Disconnect " + short(peer.id)} onClick={() => onEnd(peer.id)}>×</button></td>
    </tr>
  );
}

export function Peers() {
  const [addr, setAddr] = useState("");
  const [said, setSaid] = useState("");
  const act = async (what, job) => {
    setSaid(what + "…");
    try {
      await job();
      setSaid("");
    } catch (err) {
      setSaid(clean(err.message, 200));
    }
  };
  const submit = (e) => {
    e.preventDefault();
    if (addr.trim()) act("Connecting", async () => { await connect(addr.trim()); setAddr(""); });
  };
  const counts = Object.entries(state.counts).filter(([, n]) => n > 0);
  return (
    <section class="card peers">
      <h2>Peers <span class="count">{state.sessions.length} connected</span>
        <span class="count right">{counts.length > 0 && "host book: "}{counts.map(([c, n]) => (
          <span key={c} class="tally"><i class="dot" style={{ background: colourOf(c) }} />{n} {clean(c, 12)}</span>))}
        </span>
      </h2>
      <div class="scroll">
        <table id="peers">
          <thead><tr><th>node</th><th>session</th><th class="num">latency</th><th>link</th><th class="num">for</th><th>agent</th><th>address</th><th /></tr></thead>
          <tbody>{state.sessions.map((p) => <Peer key={p.id} peer={p} onEnd={(id) => act("Disconnecting", () => disconnect(id))} />)}</tbody>
        </table>
        {state.sessions.length === 0 && <p class="empty">No peers yet.</p>}
      </div>
      <form class="inline" onSubmit={submit}>
        <input id="connect" value={addr} placeholder="Connect to an address or a record" aria-label="Address or record" spellcheck={false}
          autocomplete="off" onInput={(e) => setAddr(e.currentTarget.value)} />
        <button type="submit">Connect</button>
      </form>
      {said && <p class="error" role="status">{said}</p>}
    </section>
  );
}
