// All the page knows, in one object, and who wants to be told when it changes.
import { batch, call, follow, graph, keepToken, takeToken, Unauthorised } from "./rpc.js";
import { clean } from "./clean.js";

const eventsMax = 300; // kept and shown
const linesMax = 500; // per room
const roomsMax = 64;
const meshMax = 16; // topics whose mesh is asked for
const chartSeconds = 120;
const pollEvery = 2000;
const ratesMax = 90; // points of the gossip page's charts, one a poll
const graphEvery = 1500;
const bookLimit = 50; // hosts on a page
const bansMax = 100; // shown
const itemsLimit = 50; // of what is kept, on a page

export const state = {
  token: takeToken(), locked: false, online: false, live: false, why: "",
  page: { "#gossip": "gossip", "#sessions": "sessions", "#content": "content" }[location.hash] || "node", stats: null, scores: [], rates: emptyRates(),
  info: null, health: null, sessions: [], slots: [], topics: [], rooms: [], counts: {}, mesh: {},
  graph: { nodes: [], links: [] },
  book: { colour: "", offset: 0, limit: bookLimit, total: 0, hosts: [] }, bans: { total: 0, bans: [] },
  networks: [], kept: { network: "", after: null, items: [], next: null }, lookup: { id: "", busy: false, trace: null, found: false, took: 0, error: "" },
  events: [], lines: new Map(), room: "lobby", chosen: false,
  chart: emptyChart(),
};

const listeners = new Set();
let asked = false;

export function listen(f) {
  listeners.add(f);
  return () => listeners.delete(f);
}

// changed tells the listeners once per frame, however often it is called.
export function changed() {
  if (asked) return;
  asked = true;
  setTimeout(() => { asked = false; listeners.forEach((f) => f()); }, 30);
}

// pulses are told of events at once: the picture shows them as they happen.
export const pulses = new Set();

function emptyChart() {
  const t = Math.floor(Date.now() / 1000);
  const time = Array.from({ length: chartSeconds }, (_, i) => t - chartSeconds + 1 + i);
  const none = () => new Array(chartSeconds).fill(null); // nothing is known of the time before the page
  return { time, gossip: none(), session: none(), other: none(), peers: none(), rtt: none() };
}

function emptyRates() {
  return { time: [], received: [], delivered: [], published: [], copies: [], bytes: [], at: 0 };
}

// addRates turns two readings of the router's counters into rates. A node that
// restarted counts from zero again: that gap is left out.
function addRates(was, is) {
  const r = state.rates, now = Date.now() / 1000, took = now - r.at;
  r.at = now;
  if (!was || !is || !(took > 0.2) || is.received.n < was.received.n || is.rpcs_out.n < was.rpcs_out.n) return;
  const delta = (of) => of(is) - of(was), delivered = delta((s) => s.delivered.n);
  const point = {
    time: Math.round(now), received: delta((s) => s.received.n) / took, delivered: delivered / took,
    published: delta((s) => s.published.n) / took, bytes: delta((s) => s.rpcs_out.bytes) / took / 1024,
    copies: delivered > 0 ? delta((s) => s.received.n) / delivered : null,
  };
  for (const k of Object.keys(point)) {
    r[k].push(point[k]);
    if (r[k].length > ratesMax) r[k].shift();
  }
}

// show turns to a page of the dashboard.
export function show(page) {
  state.page = page;
  if (page === "sessions") loadBook().catch(() => {});
  if (page === "content") loadContent().catch(() => {});
  history.replaceState(null, "", page === "node" ? location.pathname : "#" + page);
  changed();
}

// showHosts turns to a page of the host book.
export function showHosts(colour, offset) {
  Object.assign(state.book, { colour, offset });
  changed();
  loadBook().catch(() => {}); // the next poll says what is wrong
}

// loadBook asks for the page of the host book that is shown, and for the bans.
async function loadBook() {
  const { colour, offset } = state.book;
  const [hosts, bans] = await batch(state.token, [
    ["session_hosts", { ...(colour && { colour }), offset, limit: bookLimit }], ["session_bans", { limit: bansMax }],
  ]);
  if (bans.result) state.bans = bans.result;
  if (colour !== state.book.colour || offset !== state.book.offset || !hosts.result) return; // another page is wanted by now
  const { total, hosts: list, counts } = hosts.result;
  Object.assign(state.book, { total, hosts: list });
  state.counts = counts || {};
  if (offset > 0 && offset >= total) showHosts(colour, 0); // the book has shrunk
  changed();
}

// showItems turns to a page of what is kept of a network.
export function showItems(network, after) {
  Object.assign(state.kept, { network, after });
  changed();
  loadContent().catch(() => {});
}

// loadContent asks how the content networks do, and for the page of items that is shown.
async function loadContent() {
  const { network, after } = state.kept;
  const [stat, list] = await batch(state.token, [["content_stat"], ["content_list", { network, after, limit: itemsLimit }]]);
  if (stat.result) state.networks = stat.result.networks;
  if (network !== state.kept.network || after !== state.kept.after || !list.result) return;
  Object.assign(state.kept, { network: list.result.network, items: list.result.items, next: list.result.next || null });
  changed();
}

const traced = -39002; // not found, with the way

// look looks content up, as a file first and then as a chunk, and keeps the way there.
export async function look(text) {
  const digits = text.replace(/^0x/, "").toLowerCase();
  const l = { id: "0x" + digits, busy: true, trace: null, found: false, took: 0, error: "" };
  state.lookup = l;
  changed();
  try {
    if (!/^[0-9a-f]{64}$/.test(digits)) throw new Error("no content ID: want 64 hex digits after 0x");
    const network = state.networks.find((n) => n.kind === "blob")?.name || "blob";
    for (const kind of ["01", "00"]) {
      const begun = performance.now();
      const [a] = await batch(state.token, [["portal_" + network + "TraceGetContent", { contentKey: "0x" + kind + digits }]]);
      if (a.error && a.error.code !== traced) throw new Error(a.error.message);
      Object.assign(l, { trace: a.result?.trace || a.error?.data || null, found: !a.error, took: performance.now() - begun });
      if (l.found) break;
    }
  } catch (err) {
    l.error = err instanceof Unauthorised ? "The node refused this token." : err.message;
  }
  l.busy = false;
  changed();
}

// advanceChart moves the window to this second.
function advanceChart() {
  const c = state.chart, now = Math.floor(Date.now() / 1000);
  let steps = Math.min(now - c.time[c.time.length - 1], chartSeconds);
  for (; steps > 0; steps--) {
    for (const k of Object.keys(c)) c[k].shift();
    c.time.push(now - steps + 1);
    for (const k of ["gossip", "session", "other"]) c[k].push(0);
    c.peers.push(state.online ? state.sessions.length : null);
    c.rtt.push(state.online ? medianRTT() : null);
  }
}

function medianRTT() {
  const all = state.sessions.map((s) => s.rtt_ms).filter((v) => v > 0).sort((a, b) => a - b);
  return all.length ? all[all.length >> 1] : null;
}

function onEvent(e) {
  advanceChart();
  const c = state.chart, end = c.time.length - 1;
  if (/gossip|chat/.test(e.strand)) c.gossip[end]++;
  else if (/session|peer|pex/.test(e.strand)) c.session[end]++;
  else c.other[end]++;
  state.events.unshift({ key: ++eventKey, ...e });
  state.events.length = Math.min(state.events.length, eventsMax);
  pulses.forEach((f) => f(e));
  changed();
}
let eventKey = 0;

// onLine takes a line that is new, or whose state changed.
function onLine(line) {
  const room = String(line.room);
  if (!state.lines.has(room)) {
    if (state.lines.size >= roomsMax) return;
    state.lines.set(room, []);
  }
  const all = state.lines.get(room);
  const at = all.findIndex((l) => l.id === line.id);
  if (at >= 0) all[at] = line;
  else all.push(line);
  all.sort((a, b) => (Date.parse(a.at) || 0) - (Date.parse(b.at) || 0) || (a.id < b.id ? -1 : 1));
  if (all.length > linesMax) all.splice(0, all.length - linesMax);
  changed();
}

export async function loadHistory(room) {
  try {
    const h = await call(state.token, "chat_history", { room, limit: 200 });
    h.messages.forEach(onLine);
  } catch { /* not a member: there is nothing to show yet */ }
}

export function chooseRoom(room, byUser = true) {
  state.room = room;
  state.chosen ||= byUser;
  changed();
}

// say sends a line, and joins the room first when that is needed.
export async function say(room, text) {
  if (!state.rooms.some((r) => r.room === room)) {
    await call(state.token, "chat_join", { room });
    await loadHistory(room);
    state.rooms = [...state.rooms, { room, members: 0, lines: 0 }];
  }
  onLine(await call(state.token, "chat_send", { room, text }));
}

export const connect = (addr) => call(state.token, "session_connect", { addr });
export const disconnect = (id) => call(state.token, "session_disconnect", { id });

async function poll() {
  const take = (a, otherwise) => (a.error ? otherwise : a.result);
  const [info, health, sessions, slots, topics, rooms, hosts, stats, scores] = await batch(state.token, [
    ["node_info"], ["node_health"], ["session_list"], ["session_slots"], ["gossip_topics"], ["chat_rooms"],
    ["session_hosts", { limit: 1 }], ["gossip_stats"], ["gossip_scores"],
  ]);
  state.info = take(info, state.info);
  state.health = take(health, state.health);
  state.sessions = take(sessions, []);
  state.slots = take(slots, []);
  state.topics = take(topics, []);
  state.rooms = take(rooms, []);
  state.counts = take(hosts, {}).counts || {};
  const was = state.stats;
  state.stats = take(stats, null);
  addRates(was, state.stats);
  state.scores = take(scores, []);
  if (state.page === "sessions") await loadBook();
  if (state.page === "content") await loadContent();
  const own = state.topics.filter((t) => t.subscribed).slice(0, meshMax);
  if (own.length) {
    const answers = await batch(state.token, own.map((t) => ["gossip_mesh", { topic: t.topic }]));
    state.mesh = Object.fromEntries(answers.map((a, i) => [own[i].topic, take(a, { mesh: [] }).mesh]));
  }
  if (!state.chosen && state.rooms.length && !state.rooms.some((r) => r.room === state.room)) state.room = state.rooms[0].room;
  for (const r of state.rooms) {
    if (!state.lines.has(r.room)) {
      state.lines.set(r.room, []);
      await loadHistory(r.room);
    }
  }
}

// every repeats a job, with a pause between the end of one and the next.
async function every(pause, session, job) {
  while (session.on) {
    try {
      await job();
      state.online = true;
      state.why = "";
    } catch (err) {
      if (!session.on) return;
      if (err instanceof Unauthorised) return lock("The node refused this token.");
      state.online = false;
      state.why = "The node does not answer.";
    }
    changed();
    await new Promise((r) => setTimeout(r, document.hidden ? 4 * pause : pause));
  }
}

let running = { on: false, end() {} };

function lock(why) {
  stop();
  keepToken("");
  Object.assign(state, { token: "", locked: true, online: false, live: false, why });
  changed();
}

// The charts move on every second, whatever the node does.
setInterval(() => {
  advanceChart();
  if (running.on) changed();
}, 1000);

function stop() {
  running.on = false;
  running.end();
}

// start begins, or begins again with another token.
export function start(token = state.token) {
  stop();
  state.token = clean(token.trim(), 512);
  if (!state.token) {
    state.locked = true;
    return changed();
  }
  keepToken(state.token);
  state.locked = false;
  const session = { on: true, end() {} };
  running = session;
  session.end = follow(state.token, [["node_events"], ["chat_subscribe"]], {
    note(method, params) {
      if (method === "node_subscription") onEvent(params.result);
      else if (method === "chat_subscription") onLine(params.result);
      else if (method === "lagged") onEvent({ at: new Date().toISOString(), strand: "page", kind: "lagged", n: params.lost });
    },
    state(live) {
      if (live && !state.live) for (const r of state.rooms) loadHistory(r.room);
      state.live = live;
      changed();
    },
  });
  every(pollEvery, session, poll);
  every(graphEvery, session, async () => { state.graph = await graph(state.token); });
  changed();
}
