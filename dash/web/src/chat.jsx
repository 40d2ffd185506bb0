import { Fragment, h } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { chooseRoom, loadHistory, say, state } from "./store.js";
import { clean, cleanText } from "./clean.js";
import { clock, hue, many, short } from "./format.js";

const marks = { queued: "◌", sent: "✓", delivered: "✓✓", received: "" };
const words = {
  queued: "kept here; nobody was there to take it yet",
  sent: "handed to peers",
  delivered: "a member of the room has it",
  received: "",
};

function Line({ line }) {
  const author = clean(line.author, 32) || short(line.author_id);
  const own = line.state !== "received";
  return (
    <li class={own ? "own" : ""} data-id={clean(line.id, 80)} data-state={clean(line.state, 12)}>
      <time title={clean(line.at, 40)}>{clock(line.at)}</time>
      <b style={{ color: hue(line.author_id || line.author) }} title={clean(String(line.author_id), 80)}>{author}</b>
      <bdi class="text">{cleanText(line.text)}</bdi>
      {own && <span class="state" title={words[line.state] || ""}>{marks[line.state] || ""}</span>}
    </li>
  );
}

export function Chat() {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [why, setWhy] = useState("");
  const list = useRef(null), stick = useRef(true);
  const { room, rooms } = state;
  const lines = state.lines.get(room) || [];
  const joined = rooms.find((r) => r.room === room);

  useEffect(() => {
    if (stick.current && list.current) list.current.scrollTop = list.current.scrollHeight;
  }, [lines.length, room]);

  const choose = (name) => {
    stick.current = true;
    chooseRoom(name);
    setWhy("");
    if (rooms.some((r) => r.room === name)) loadHistory(name);
  };
  const send = async (e) => {
    e.preventDefault();
    const what = text.trim();
    if (busy || !room.trim() || !what) return;
    setBusy(true);
    setWhy("");
    stick.current = true;
    try {
      await say(room.trim(), what);
      setText("");
    } catch (err) {
      setWhy(clean(err.message, 200));
    }
    setBusy(false);
  };
  return (
    <section class="card chat">
      <h2>Rooms <span class="count">{joined ? many(joined.members, "member") + " connected" : ""}</span></h2>
      <div class="chips">
        {rooms.map((r) => (
          <button type="button" key={r.room} class={"chip" + (r.room === room ? " on" : "")} onClick={() => choose(r.room)}>
            {clean(r.room, 32)}
          </button>
        ))}
        <input id="room" value={room} maxlength={64} spellcheck={false} autocomplete="off" aria-label="Room"
          title="A room's name; sending joins it" onInput={(e) => choose(e.currentTarget.value)} />
      </div>
      <ol id="lines" ref={list} aria-live="polite"
        onScroll={(e) => { const t = e.currentTarget; stick.current = t.scrollHeight - t.scrollTop - t.clientHeight < 40; }}>
        {lines.map((l) => <Line key={l.id} line={l} />)}
        {lines.length === 0 && <li class="empty">{joined ? "Nothing was said here yet." : "Say something to join this room."}</li>}
      </ol>
      <form onSubmit={send}>
        <input id="line" value={text} maxlength={4000} autocomplete="off" placeholder={"Say something in " + clean(room, 32)}
          aria-label="Line" onInput={(e) => setText(e.currentTarget.value)} />
        <button id="send" type="submit" disabled={busy}>{busy ? "…" : "Send"}</button>
      </form>
      {why && <p class="error" role="alert">{why}</p>}
    </section>
  );
}
