import { h } from "preact";
import { useState } from "preact/hooks";
import { state } from "./store.js";
import { clean } from "./clean.js";
import { ago, clock, many, short, topicName } from "./format.js";

// Slots shows the session manager at work.
export function Slots() {
  return (
    <section class="card slots">
      <h2>Slots <span class="count">{state.slots.filter((s) => s.state === "connected").length} of {state.slots.length} connected</span></h2>
      <ul id="slots" class="scroll">
        {state.slots.map((s) => (
          <li key={s.role + s.slot} title={clean(s.addr || s.why, 200)}>
            <span class={"pill " + clean(s.state, 16)}>{clean(s.state, 16)}</span>
            <span>{clean(s.role, 16)} {s.slot}</span>
            <span class="mono dim">{s.id ? short(s.id) : clean(s.why, 60)}</span>
            <span class="dim num">{ago(s.since)}</span>
          </li>
        ))}
        {state.slots.length === 0 && <li class="empty">No slots: this node only answers.</li>}
      </ul>
    </section>
  );
}

// Mesh shows every topic and who carries it for us.
export function Mesh() {
  return (
    <section class="card mesh">
      <h2>Mesh <span class="count">{many(state.topics.length, "topic")}</span></h2>
      <ul id="mesh" class="scroll">
        {state.topics.map((t) => (
          <li key={t.topic}>
            <div class="cut" title={clean(t.topic, 200)}>{topicName(t.topic, state.rooms)}</div>
            <div class="dim">{t.subscribed ? `${t.mesh} in the mesh, of ${many(t.peers, "peer")}` : `${many(t.peers, "peer")}, not followed` + (t.fanout ? `, fanout ${t.fanout}` : "")}</div>
            <div class="members">
              {(state.mesh[t.topic] || []).slice(0, 24).map((id) => <span key={id} class="chip mono" title={clean(id, 80)}>{short(id)}</span>)}
            </div>
          </li>
        ))}
        {state.topics.length === 0 && <li class="empty">No topics yet.</li>}
      </ul>
    </section>
  );
}

const families = ["all", "session", "gossipsub", "chat"];

// Events is the node's event stream, newest first.
export function Events() {
  const [only, setOnly] = useState("all");
  const shown = state.events.filter((e) => only === "all" || e.strand === only).slice(0, 120);
  return (
    <section class="card events">
      <h2>Events
        <span class="right chips">
          {families.map((f) => <button type="button" key={f} class={"chip" + (f === only ? " on" : "")} onClick={() => setOnly(f)}>{f}</button>)}
        </span>
      </h2>
      <ol id="events" class="scroll">
        {shown.map((e) => (
          <li key={e.key}>
            <time>{clock(e.at)}</time>
            <span class={"strand s-" + clean(e.strand, 16)}>{clean(e.strand, 16)}</span>
            <b>{clean(e.kind, 32)}</b>
            {e.peer && <span class="mono">{short(e.peer)}</span>}
            {e.topic && <span class="dim" title={clean(e.topic, 200)}>{topicName(e.topic, state.rooms)}</span>}
            {e.n ? <span class="dim">{Number(e.n)}</span> : null}
            {e.err && <span class="err">{clean(e.err, 120)}</span>}
          </li>
        ))}
        {shown.length === 0 && <li class="empty">Nothing happened yet.</li>}
      </ol>
    </section>
  );
}
