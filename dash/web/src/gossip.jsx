import { Fragment, h } from "preact";
import { state } from "./store.js";
import { clean } from "./clean.js";
import { Chart, axis, series, upTo } from "./charts.jsx";
import { bytes, many, short, topicName } from "./format.js";

// The parts of a score: where they stand, what they are called, and their colours.
const parts = [
  ["p1_time_in_mesh", "P1 time in mesh", "#4f8f7d"],
  ["p2_first_deliveries", "P2 first deliveries", "#6fcfb4"],
  ["app", "P5 application", "#7aa7e8"],
  ["p3_mesh_deliveries", "P3 missing deliveries", "#e0b45c"],
  ["p3b_mesh_failures", "P3b missing when it left", "#b98d3c"],
  ["p4_invalid", "P4 invalid messages", "#e0808f"],
  ["colocation", "P6 shared address", "#b39ae0"],
  ["behaviour", "P7 breaches", "#d2603a"],
  ["debt", "owed for its network", "#8492a0"],
];

const number = (v) => (Number.isFinite(v) ? v : 0);

// partsOf sums a peer's parts over its topics.
function partsOf(peer) {
  const topics = Array.isArray(peer.topics) ? peer.topics : [];
  return parts.map(([key, name, colour]) => {
    const inTopics = topics.reduce((sum, t) => sum + number(t[key]), 0);
    return { key, name, colour, value: number(peer[key]) + inTopics };
  });
}

const moods = { good: "good", "no mesh": "warn", "no gossip": "warn", "no publish": "bad", graylisted: "bad" };

// Score is one peer: what costs it to the left of the line, what it earned to the right.
function Score({ peer, left, right }) {
  const all = partsOf(peer), whole = left + right;
  const bar = (list) => list.map((p) => (
    <i key={p.key} class="part" title={p.name + " " + p.value.toFixed(2)}
      style={{ width: (100 * Math.abs(p.value)) / whole + "%", background: p.colour }} />
  ));
  const standing = clean(peer.standing, 16);
  return (
    <li data-score={number(peer.score)} data-standing={standing}>
      <span class="mono" title={clean(peer.id, 80)}>{short(peer.id)}</span>
      <span class={"pill " + (moods[standing] || "")}>{peer.connected ? standing : standing + ", gone"}</span>
      <span class="num">{number(peer.score).toFixed(2)}</span>
      <span class="bar">
        <span class="minus" style={{ width: (100 * left) / whole + "%" }}>{bar(all.filter((p) => p.value < 0))}</span>
        <span class="plus" style={{ width: (100 * right) / whole + "%" }}>{bar(all.filter((p) => p.value > 0))}</span>
      </span>
    </li>
  );
}

function Scores() {
  const peers = state.scores.slice(0, 200);
  const most = (sign) => Math.max(0, ...peers.map((p) => partsOf(p).reduce((sum, x) => sum + Math.max(0, sign * x.value), 0)));
  const left = most(-1), right = Math.max(most(1), 1);
  const used = parts.filter(([key]) => peers.some((p) => partsOf(p).some((x) => x.key === key && x.value !== 0)));
  return (
    <section class="card gscores">
      <h2>Scores <span class="count">{state.stats?.scoring === false ? "scoring is off" : "what each peer's conduct is worth, the worst first"}</span></h2>
      <ul class="legend">{used.map(([key, name, colour]) => <li key={key}><i class="dot" style={{ background: colour }} />{name}</li>)}</ul>
      <ol id="scores" class="scroll">
        {peers.map((p) => <Score key={p.id} peer={p} left={left} right={right} />)}
        {peers.length === 0 && <li class="empty">No peer has a score.</li>}
      </ol>
    </section>
  );
}

// share is how many of a hundred.
const share = (n, of) => (of > 0 ? Math.round((100 * n) / of) + " %" : "–");

function TopicRow({ t }) {
  const received = number(t.received?.n), duplicates = number(t.duplicates?.n);
  const low = t.subscribed && t.mesh < t.degrees?.dlo;
  return (
    <Fragment>
      <tr class="topic">
        <td class="cut" title={clean(t.topic, 200)}>{topicName(t.topic, state.rooms)}</td>
        <td class={"num" + (low ? " low" : "")}>{t.subscribed ? `${t.mesh} of ${number(t.degrees?.d)}` : t.fanout ? `fanout ${t.fanout}` : "–"}</td>
        <td class="num">{t.peers}</td>
        <td class="num">{received}</td>
        <td class="num">{number(t.delivered?.n)}</td>
        <td class="num">{share(duplicates, received)}</td>
        <td class="num">{number(t.rejected)}</td>
        <td class="num">{number(t.published?.n)}</td>
      </tr>
      {t.subscribed && (
        <tr class="who"><td colspan={8}><span class="members">
          {(state.mesh[t.topic] || []).slice(0, 24).map((id) => <span key={id} class="chip mono" title={clean(id, 80)}>{short(id)}</span>)}
          {!(state.mesh[t.topic] || []).length && <span class="dim">nobody is in this mesh</span>}
        </span></td></tr>
      )}
    </Fragment>
  );
}

function Topics() {
  const all = [...state.topics].sort((a, b) => b.subscribed - a.subscribed || (a.topic < b.topic ? -1 : 1)).slice(0, 200);
  return (
    <section class="card gtopics">
      <h2>Topics <span class="count">{many(state.topics.length, "topic")}, and who is in their meshes</span></h2>
      <div class="scroll">
        <table id="topics">
          <thead><tr><th>topic</th><th class="num">mesh</th><th class="num">peers</th><th class="num">received</th><th class="num">delivered</th><th class="num">duplicates</th><th class="num">rejected</th><th class="num">published</th></tr></thead>
          <tbody>{all.map((t) => <TopicRow key={t.topic} t={t} />)}</tbody>
        </table>
        {all.length === 0 && <p class="empty">No topics yet.</p>}
      </div>
    </section>
  );
}

function Rates() {
  const r = () => state.rates;
  const last = state.rates.received.at(-1);
  return (
    <section class="card grates">
      <h2>Messages <span class="count">a second, and copies per delivery</span></h2>
      <div id="rates" data-received={number(state.stats?.received?.n)} data-rate={number(last)}>
        <Chart id="chart-messages" data={() => [r().time, r().received, r().delivered, r().published]}
          scales={{ y: { range: upTo(4) } }} axes={[{ ...axis, size: 40 }]}
          lines={[series("received/s", "#7aa7e8"), series("delivered/s", "#6fcfb4"), series("published/s", "#e0b45c", { fill: undefined })]} />
        <Chart id="chart-duplicates" data={() => [r().time, r().copies, r().bytes]}
          scales={{ y: { range: upTo(2) }, kb: { range: upTo(4) } }}
          axes={[{ ...axis, size: 40 }, { ...axis, scale: "kb", side: 1, size: 56, grid: { show: false }, values: (u, vs) => vs.map((v) => v + " KiB") }]}
          lines={[series("copies per delivery", "#d98ea3"), series("KiB/s out", "#93a1af", { scale: "kb", fill: undefined })]} />
      </div>
    </section>
  );
}

// Economy is what the router counted, as a list of figures and of reasons.
function Economy() {
  const s = state.stats;
  if (!s) return <section class="card gmore"><h2>Counted</h2><p class="empty">Nothing yet.</p></section>;
  const saved = number(s.withheld?.bytes) + number(s.cancelled?.bytes);
  const figures = [
    ["RPCs in, out", `${number(s.rpcs_in?.n)}, ${number(s.rpcs_out?.n)}`],
    ["bytes in, out", `${bytes(s.rpcs_in?.bytes)}, ${bytes(s.rpcs_out?.bytes)}`],
    ["copies saved by IDONTWANT", `${number(s.withheld?.n) + number(s.cancelled?.n)}, ${bytes(saved)}`],
    ["IHAVE IDs in, out", `${number(s.ihave_in)}, ${number(s.ihave_out)}`],
    ["IWANT IDs in, out", `${number(s.iwant_in)}, ${number(s.iwant_out)}`],
    ["IWANT served, unknown, refused", `${number(s.iwant_served)}, ${number(s.iwant_unknown)}, ${number(s.iwant_refused)}`],
    ["broken promises", number(s.broken_promises)],
    ["grafts by us, by peers", `${number(s.grafts)}, ${number(s.grafted)}`],
    ["RPCs graylisted, gated", `${number(s.graylisted)}, ${number(s.gated)}`],
    ["message cache", `${number(s.cache_messages)}, ${bytes(s.cache_bytes)}`],
    ["seen cache", bytes(s.seen_bytes)],
    ["in checking", `${number(s.checking)}, ${bytes(s.checking_bytes)}`],
  ];
  const reasons = [["rejected", s.rejected], ["pruned", s.prunes], ["graft refused", s.refusals], ["penalty", s.penalties], ["over a limit", s.excess], ["no room, class", s.dropped]]
    .flatMap(([what, tally]) => Object.entries(tally || {}).filter(([, n]) => n > 0).map(([why, n]) => [what + ": " + clean(why, 80), number(n)]));
  return (
    <section class="card gmore">
      <h2>Counted <span class="count">since the node started</span></h2>
      <dl id="counted" class="scroll pairs">
        {[...figures, ...reasons].map(([what, n]) => <div key={what}><dt>{what}</dt><dd class="num">{n}</dd></div>)}
      </dl>
    </section>
  );
}

export function Gossip() {
  return (
    <main class="board gossip" id="gossip">
      <Rates />
      <Topics />
      <Scores />
      <Economy />
    </main>
  );
}
