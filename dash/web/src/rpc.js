// The way to the node: calls over POST /rpc, subscriptions over /ws.

const kept = "ropewalk-token";

// The page is served at the top, or below /net/NAME where one server has several nodes.
const base = location.pathname.replace(/[^/]*$/, "");

// takeToken moves a token from the address bar into this tab's storage.
export function takeToken() {
  const found = new URLSearchParams(location.hash.slice(1)).get("token");
  if (found) {
    sessionStorage.setItem(kept, found);
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem(kept) || "";
}

export function keepToken(token) {
  if (token) sessionStorage.setItem(kept, token);
  else sessionStorage.removeItem(kept);
}

export class Unauthorised extends Error {}

const headers = (token) => ({ Authorization: "Bearer " + token });

async function answered(response) {
  if (response.status === 401) throw new Unauthorised("token refused");
  if (!response.ok) throw new Error("HTTP " + response.status);
  return response.json();
}

let last = 0;

// batch sends calls [[method, params], …]; each result is {result} or {error}.
export async function batch(token, calls) {
  const body = calls.map(([method, params]) => ({ jsonrpc: "2.0", id: ++last, method, params: params || {} }));
  const answers = await answered(await fetch(base + "rpc", {
    method: "POST",
    headers: { ...headers(token), "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(35000),
  }));
  const byID = new Map(answers.map((a) => [a.id, a]));
  return body.map((b) => byID.get(b.id) || { error: { message: "not answered" } });
}

// call makes one call and throws its error.
export async function call(token, method, params) {
  const [a] = await batch(token, [[method, params]]);
  if (a.error) throw new Error(a.error.message);
  return a.result;
}

export async function graph(token) {
  return answered(await fetch(base + "dash/graph", { headers: headers(token), signal: AbortSignal.timeout(35000) }));
}

// follow keeps a WebSocket open, again and again, with the subscriptions named.
// It returns a function that ends it.
export function follow(token, wanted, { note, state }) {
  let socket, timer, delay = 500, over = false;
  function open() {
    socket = new WebSocket(location.origin.replace(/^http/, "ws") + base + "ws");
    socket.onopen = () => {
      socket.send(JSON.stringify({ method: "auth", params: { token } }));
      wanted.forEach(([method, params], i) =>
        socket.send(JSON.stringify({ jsonrpc: "2.0", id: i, method, params: params || {} })));
    };
    socket.onmessage = (e) => {
      const m = JSON.parse(e.data);
      if (m.method) note(m.method, m.params);
      else if (m.result !== undefined && delay) { delay = 500; state(true); }
    };
    socket.onclose = () => {
      state(false);
      if (over) return;
      timer = setTimeout(open, delay * (0.75 + Math.random() / 2));
      delay = Math.min(delay * 2, 10000);
    };
  }
  open();
  return () => { over = true; clearTimeout(timer); socket.close(); };
}
