import { h } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY } from "d3-force";
import { pulses, state } from "./store.js";
import { clean } from "./clean.js";
import { colourOf, lists, many, ms, sameNode } from "./format.js";

const selfColour = "#6fcfb4";
const seedColour = "#7aa7e8";
const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
const pulseFor = 900; // milliseconds

// Picture is the drawing: a force layout on a canvas. It lives as long as the
// element and is fed with graphs.
class Picture {
  constructor(canvas) {
    this.canvas = canvas;
    this.ctx = canvas.getContext("2d");
    this.nodes = [];
    this.links = [];
    this.held = this.over = null;
    this.sim = forceSimulation()
      .force("link", forceLink().id((n) => n.id))
      .force("charge", forceManyBody().strength(-420).distanceMax(600))
      .force("collide", forceCollide(26))
      .force("x", forceX(0).strength(0.06))
      .force("y", forceY(0).strength(0.09))
      .on("tick", () => this.draw());
    this.resizer = new ResizeObserver(() => this.resize());
    this.resizer.observe(canvas);
    this.pulse = (e) => this.onEvent(e);
    pulses.add(this.pulse);
    canvas.addEventListener("pointerdown", (e) => this.press(e));
    canvas.addEventListener("pointermove", (e) => this.move(e));
    for (const name of ["pointerup", "pointercancel", "pointerleave"]) canvas.addEventListener(name, () => this.release());
    this.resize();
  }

  end() {
    this.sim.stop();
    this.resizer.disconnect();
    pulses.delete(this.pulse);
  }

  resize() {
    const box = this.canvas.getBoundingClientRect(), scale = devicePixelRatio || 1;
    this.width = Math.max(box.width, 50);
    this.height = Math.max(box.height, 50);
    this.canvas.width = Math.round(this.width * scale);
    this.canvas.height = Math.round(this.height * scale);
    this.scale = scale;
    // A wide canvas gets a wide picture.
    this.sim.force("x").strength(0.08 * Math.min(1, this.height / this.width) ** 2);
    this.draw();
  }

  // show takes a graph over; nodes that stay keep their places.
  show(graph) {
    const old = new Map(this.nodes.map((n) => [n.id, n]));
    const key = (l) => l.a + " " + l.b;
    const before = this.links.map((l) => key(l) + l.mesh).sort().join();
    const first = this.nodes.length === 0;
    this.nodes = graph.nodes.map((n) => Object.assign(old.get(n.id) || {}, n, { label: clean(n.label, 24), role: clean(n.role, 16) }));
    const known = new Set(this.nodes.map((n) => n.id));
    this.links = graph.links.filter((l) => known.has(l.a) && known.has(l.b)).map((l) => ({ ...l, source: l.a, target: l.b }));
    this.canvas.dataset.nodes = this.nodes.length;
    this.canvas.dataset.links = this.links.length;
    this.sim.nodes(this.nodes);
    // Few nodes get room, many share it.
    const far = Math.max(46, Math.min(150, 420 / Math.sqrt(this.nodes.length || 1)));
    this.sim.force("link").links(this.links).distance(far);
    this.sim.force("charge").strength(-Math.max(160, Math.min(520, 9000 / (this.nodes.length + 4))));
    const same = before === this.links.map((l) => key(l) + l.mesh).sort().join() && this.nodes.every((n) => old.has(n.id));
    if (first) {
      this.sim.alpha(1).stop();
      for (let i = 0; i < 160; i++) this.sim.tick();
      this.sim.alpha(0.05).restart();
    } else if (!same) {
      this.sim.alpha(0.35).restart();
    }
    this.draw();
  }

  // view fits the layout into the canvas, never larger than life.
  view() {
    let x0 = Infinity, x1 = -Infinity, y0 = Infinity, y1 = -Infinity;
    for (const n of this.nodes) {
      x0 = Math.min(x0, n.x); x1 = Math.max(x1, n.x);
      y0 = Math.min(y0, n.y); y1 = Math.max(y1, n.y);
    }
    if (!(x1 >= x0)) return { k: 1, dx: this.width / 2, dy: this.height / 2 };
    const k = Math.min(1.6, (this.width - 110) / Math.max(x1 - x0, 1), (this.height - 100) / Math.max(y1 - y0, 1));
    return { k, dx: this.width / 2 - k * (x0 + x1) / 2, dy: this.height / 2 - 4 - k * (y0 + y1) / 2 };
  }

  at(e) {
    const box = this.canvas.getBoundingClientRect(), v = this.held ? this.frozen : this.view();
    return { x: (e.clientX - box.left - v.dx) / v.k, y: (e.clientY - box.top - v.dy) / v.k, k: v.k };
  }

  near(p) {
    let best = null, least = (22 / p.k) ** 2;
    for (const n of this.nodes) {
      const d = (n.x - p.x) ** 2 + (n.y - p.y) ** 2;
      if (d < least) { best = n; least = d; }
    }
    return best;
  }

  press(e) {
    this.frozen = this.view();
    this.held = this.near(this.at(e));
    if (!this.held) return;
    this.canvas.setPointerCapture(e.pointerId);
    this.sim.alphaTarget(0.2).restart();
  }

  move(e) {
    const p = this.at(e);
    if (this.held) {
      this.held.fx = p.x;
      this.held.fy = p.y;
      return;
    }
    const over = this.near(p);
    if (over !== this.over) {
      this.over = over;
      this.draw();
    }
  }

  release() {
    if (this.held) {
      this.held.fx = this.held.fy = null;
      this.sim.alphaTarget(0);
    }
    this.held = null;
  }

  // onEvent lets the node that an event names light up for a moment.
  onEvent(e) {
    if (calm || document.hidden || !e.peer) return;
    const n = this.nodes.find((n) => sameNode(n.id, e.peer));
    if (!n) return;
    n.lit = performance.now();
    if (!this.animating) {
      this.animating = true;
      requestAnimationFrame(() => this.animate());
    }
  }

  animate() {
    this.draw();
    const now = performance.now();
    if (this.nodes.some((n) => now - n.lit < pulseFor)) requestAnimationFrame(() => this.animate());
    else this.animating = false;
  }

  draw() {
    if (!this.nodes.length || !this.width) return;
    const { ctx } = this, v = this.held ? this.frozen : this.view(), now = performance.now();
    ctx.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    ctx.clearRect(0, 0, this.width, this.height);
    const X = (n) => n.x * v.k + v.dx, Y = (n) => n.y * v.k + v.dy;
    ctx.lineCap = "round";
    for (const l of this.links) {
      const { source: a, target: b } = l;
      const hot = this.over && (a === this.over || b === this.over);
      ctx.beginPath();
      ctx.moveTo(X(a), Y(a));
      ctx.lineTo(X(b), Y(b));
      ctx.lineWidth = l.mesh ? 2 : 1.2;
      ctx.strokeStyle = l.mesh ? "#c79b52" : "#3b4856";
      ctx.globalAlpha = hot ? 1 : this.over ? 0.25 : l.mesh ? 0.75 : 0.9;
      ctx.setLineDash(l.mesh ? [] : [3, 5]);
      ctx.stroke();
    }
    ctx.setLineDash([]);
    const crowd = this.nodes.length > 60;
    for (const n of this.nodes) this.node(n, X(n), Y(n), now, crowd);
    if (this.over) this.tip(this.over, X(this.over), Y(this.over));
  }

  node(n, x, y, now, crowd) {
    const { ctx } = this;
    const r = n.self ? 13 : n.role === "seed" ? 11 : crowd ? 6 : 9;
    const tint = n.self ? selfColour : n.role === "seed" ? seedColour : colourOf(n.colour);
    ctx.globalAlpha = 1;
    const age = now - n.lit;
    if (age < pulseFor) {
      ctx.globalAlpha = 0.5 * (1 - age / pulseFor);
      ctx.beginPath();
      ctx.arc(x, y, r + 16 * (age / pulseFor), 0, 2 * Math.PI);
      ctx.fillStyle = tint;
      ctx.fill();
      ctx.globalAlpha = 1;
    }
    ctx.beginPath();
    ctx.arc(x, y, r + 4, 0, 2 * Math.PI);
    ctx.fillStyle = "#10161c";
    ctx.fill();
    ctx.beginPath();
    ctx.arc(x, y, r, 0, 2 * Math.PI);
    ctx.fillStyle = tint;
    ctx.globalAlpha = n.self || n.role === "seed" ? 1 : 0.9;
    ctx.fill();
    ctx.globalAlpha = 1;
    if (n === this.over || n === this.held || (n.self && n.role === "seed")) {
      ctx.lineWidth = 3;
      ctx.strokeStyle = n === this.over || n === this.held ? "#ffffff" : seedColour;
      ctx.stroke();
    }
    if (crowd && !n.self && n !== this.over) return;
    ctx.font = (n.self ? "600 " : "") + "11px ui-monospace, 'DejaVu Sans Mono', monospace";
    ctx.textAlign = "center";
    ctx.fillStyle = n.self ? "#d8efe7" : "#93a1af";
    ctx.fillText(n.label, x, y + r + 16);
  }

  tip(n, x, y) {
    const { ctx } = this;
    const lines = [n.label, n.self ? "this node" + (n.role === "seed" ? ", a seed" : "") : n.role];
    if (n.colour) lines.push("list: " + clean(n.colour, 12));
    if (n.rtt > 0) lines.push(ms(n.rtt));
    ctx.font = "12px system-ui, sans-serif";
    const w = Math.max(...lines.map((l) => ctx.measureText(l).width)) + 20, hgt = 17 * lines.length + 12;
    const left = Math.min(Math.max(x + 18, 4), this.width - w - 4), top = Math.min(Math.max(y - hgt / 2, 4), this.height - hgt - 4);
    ctx.fillStyle = "#1d2731";
    ctx.strokeStyle = "#344352";
    ctx.lineWidth = 1;
    ctx.beginPath();
    ctx.roundRect(left, top, w, hgt, 6);
    ctx.fill();
    ctx.stroke();
    ctx.textAlign = "left";
    lines.forEach((l, i) => {
      ctx.fillStyle = i ? "#93a1af" : "#e3e9ee";
      ctx.fillText(l, left + 10, top + 19 + 17 * i);
    });
  }
}

const legend = [["this node", selfColour], ["seed", seedColour], ["gold", lists.gold], ["white", lists.white], ["grey", lists.grey]];

export function Topology() {
  const canvas = useRef(null), picture = useRef(null);
  useEffect(() => {
    if (!canvas.current) return; // the page was locked before it was shown
    picture.current = new Picture(canvas.current);
    return () => picture.current.end();
  }, []);
  const { graph } = state;
  useEffect(() => picture.current?.show(graph), [graph]);
  return (
    <section class="card topology">
      <h2>Topology <span class="count">{many(graph.nodes.length, "node")} · {many(graph.links.length, "link")}</span></h2>
      <canvas id="graph" ref={canvas} data-nodes="0" data-links="0" role="img" aria-label="Nodes and the links between them" />
      {graph.nodes.length === 0 && <p class="empty over">Waiting for the first picture…</p>}
      <ul class="legend">
        {legend.map(([name, c]) => <li key={name}><i class="dot" style={{ background: c }} />{name}</li>)}
        <li><i class="line mesh" />in a mesh</li>
        <li><i class="line" />link</li>
      </ul>
    </section>
  );
}
