import { h } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { state } from "./store.js";
import { clock } from "./format.js";

export const axis = {
  stroke: "#7d8b99", font: "11px system-ui, sans-serif", ticks: { show: false },
  grid: { stroke: "#222d37", width: 1 },
};

export function series(label, stroke, more = {}) {
  return { label, stroke, width: 1.6, points: { show: false }, fill: stroke + "1c", ...more };
}

// upTo makes a scale from zero to a little above the largest value.
export const upTo = (least) => (u, min, max) => [0, Math.max(least, (max || 0) * 1.15)];

// Chart is one uPlot that follows its container's width.
export function Chart({ id, lines, data, scales, axes }) {
  const box = useRef(null), plot = useRef(null);
  useEffect(() => {
    const element = box.current;
    if (!element) return; // the page was locked before it was shown
    const size = () => ({ width: Math.max(120, element.clientWidth), height: 124 });
    plot.current = new uPlot({
      ...size(), scales, legend: { live: false }, cursor: { show: false }, padding: [8, 6, 0, 0],
      axes: [{ ...axis, space: 70, size: 26, values: (u, all) => all.map((v) => clock(v * 1000)) }, ...axes], series: [{}, ...lines],
    }, data(), element);
    const watch = new ResizeObserver(() => plot.current.setSize(size()));
    watch.observe(element);
    return () => { watch.disconnect(); plot.current.destroy(); };
  }, []);
  useEffect(() => plot.current?.setData(data()), [state.chart.time.at(-1), state.events.length, state.rates.time.at(-1)]);
  return <div id={id} class="chart" ref={box} />;
}

export function Charts() {
  const c = () => state.chart;
  return (
    <section class="card charts">
      <h2>Rates <span class="count">last two minutes</span></h2>
      <Chart id="chart-events" data={() => [c().time, c().gossip, c().session, c().other]}
        scales={{ y: { range: upTo(4) } }} axes={[{ ...axis, size: 34 }]}
        lines={[series("gossip events/s", "#e0b45c"), series("session events/s", "#7aa7e8"), series("other/s", "#93a1af", { fill: undefined })]} />
      <Chart id="chart-peers" data={() => [c().time, c().peers, c().rtt]}
        scales={{ y: { range: upTo(4) }, ms: { range: upTo(2) } }}
        axes={[{ ...axis, size: 34 }, { ...axis, scale: "ms", side: 1, size: 46, grid: { show: false }, values: (u, vs) => vs.map((v) => v + " ms") }]}
        lines={[series("peers", "#6fcfb4"), series("median latency", "#d98ea3", { scale: "ms", fill: undefined })]} />
    </section>
  );
}
