import { Fragment, h, render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { listen, show, start, state } from "./store.js";
import { clean } from "./clean.js";
import { short, span } from "./format.js";
import { Topology } from "./graph.jsx";
import { Chat } from "./chat.jsx";
import { Peers } from "./peers.jsx";
import { Charts } from "./charts.jsx";
import { Gossip } from "./gossip.jsx";
import { Sessions } from "./sessions.jsx";
import { Content } from "./content.jsx";
import { Events, Mesh, Slots } from "./panels.jsx";
import "../vendor/uplot/uPlot.min.css";
import "./style.css";

function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" fill="none" stroke-width="3" stroke-linecap="round" aria-hidden="true">
      <path d="M26 4c0 8-20 8-20 24" stroke="#7aa7e8" />
      <path d="M16 4c0 8-10 8-10 14 0 5 6 6 8 10" stroke="#6fcfb4" />
      <path d="M6 4c0 8 20 8 20 16 0 4-4 6-6 8" stroke="#e0b45c" />
    </svg>
  );
}

// Head says who this is and how it does.
function Head() {
  const { info, health, online, live } = state;
  const bad = (health?.checks || []).filter((c) => !c.ok).map((c) => clean(c.name, 40) + ": " + clean(c.detail, 120));
  const [mood, word] = !online ? ["bad", "unreachable"] : !live ? ["warn", "reconnecting"] : health?.ok ? ["good", "ready"] : ["warn", "not ready"];
  return (
    <header>
      <Mark />
      <h1>Ropewalk</h1>
      <nav class="chips">
        {[["node", "Node"], ["sessions", "Sessions"], ["gossip", "Gossip"], ["content", "Content"]].map(([page, name]) => (
          <button type="button" key={page} id={"page-" + page} class={"chip" + (state.page === page ? " on" : "")}
            aria-current={state.page === page ? "page" : undefined} onClick={() => show(page)}>{name}</button>
        ))}
      </nav>
      {info && (
        <dl class="facts">
          <div><dt>network</dt><dd>{clean(info.network, 64)}</dd></div>
          <div><dt>node</dt><dd class="mono" title={clean(info.id, 80)}>{short(info.id)}</dd></div>
          <div><dt>peers</dt><dd>{state.sessions.length}</dd></div>
          <div><dt>up</dt><dd>{span(info.uptime)}</dd></div>
          <div class="wide"><dt>profile</dt><dd>{clean(info.profile, 24)}</dd></div>
          <div class="wide"><dt>version</dt><dd>{clean(info.version, 40)}</dd></div>
        </dl>
      )}
      <span id="status" class={"pill " + mood} title={bad.join("\n") || state.why}>{word}</span>
    </header>
  );
}

// Lock asks for the token.
function Lock() {
  const [token, setToken] = useState("");
  const submit = (e) => {
    e.preventDefault();
    if (token.trim()) start(token);
  };
  return (
    <main class="lock">
      <form class="card" onSubmit={submit}>
        <Mark />
        <h1>Ropewalk</h1>
        <p>{state.why || "This page needs the node's token."}</p>
        <label for="token">Token</label>
        <input id="token" type="password" autocomplete="off" spellcheck={false} value={token} autofocus
          onInput={(e) => setToken(e.currentTarget.value)} />
        <button type="submit" id="unlock">Open</button>
        <p class="dim">It is in <code>rpc.json</code> in the node's data folder, and in the link the node's command prints.</p>
      </form>
    </main>
  );
}

function App() {
  const [, again] = useState(0);
  useEffect(() => listen(() => again((n) => n + 1)), []);
  if (state.locked) return <Lock />;
  return (
    <>
      <Head />
      {state.page === "gossip" ? <Gossip /> : state.page === "sessions" ? <Sessions /> : state.page === "content" ? <Content /> : (
        <main class="board">
          <Topology />
          <Chat />
          <Peers />
          <Slots />
          <Charts />
          <Mesh />
          <Events />
        </main>
      )}
    </>
  );
}

render(<App />, document.getElementById("app"));
start();
