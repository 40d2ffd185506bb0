import { clean } from "./clean.js";

// short is the head of a node ID, as the logs write it.
export function short(id) {
  const s = clean(String(id || ""), 80);
  return s.startsWith("0x") ? s.slice(2, 10) : s.slice(0, 10);
}

// sameNode compares IDs in long or short form.
export function sameNode(a, b) {
  return !!a && !!b && (a === b || short(a) === short(b));
}

export function ms(v) {
  if (!(v > 0)) return "–";
  return v < 10 ? v.toFixed(1) + " ms" : Math.round(v) + " ms";
}

// span is a duration in seconds, in its two largest units.
export function span(s) {
  if (!(s >= 0)) return "–";
  s = Math.floor(s);
  if (s < 60) return s + " s";
  if (s < 3600) return Math.floor(s / 60) + " min " + (s % 60) + " s";
  if (s < 86400) return Math.floor(s / 3600) + " h " + Math.floor((s % 3600) / 60) + " min";
  return Math.floor(s / 86400) + " d " + Math.floor((s % 86400) / 3600) + " h";
}

export function ago(when) {
  const t = Date.parse(when);
  return t > 0 ? span((Date.now() - t) / 1000) : "–";
}

export function clock(when) {
  const t = new Date(when);
  return Number.isNaN(t.getTime()) ? "" : t.toTimeString().slice(0, 8);
}

// The picture's colours for the host book's lists.
export const lists = { gold: "#e0b45c", white: "#e6ebf0", grey: "#8794a3", dark: "#7c6fb0", black: "#4b525c" };
export const colourOf = (name) => lists[name] || "#6f8497";

// many counts: 1 link, 2 links.
export const many = (n, what) => n + " " + what + (n === 1 ? "" : "s");

// topicName is a topic as people know it: a room's topic is a digest.
export function topicName(topic, rooms) {
  const r = rooms.find((r) => r.topic === topic);
  return r ? "room " + clean(r.room, 64) : clean(topic, 80);
}

// hue gives every author a colour of his own out of a calm palette.
const hues = ["#6fcfb4", "#7aa7e8", "#e0b45c", "#d98ea3", "#a9c66c", "#b39ae0", "#e39a6b", "#69bcd6"];
export function hue(id) {
  let h = 0;
  for (const c of String(id || "")) h = (h * 31 + c.charCodeAt(0)) >>> 0;
  return hues[h % hues.length];
}

// bytes is a size in the unit that fits.
export function bytes(n) {
  if (!(n > 0)) return "0 B";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let i = 0;
  for (; n >= 1024 && i < units.length - 1; i++) n /= 1024;
  return (i && n < 10 ? n.toFixed(1) : Math.round(n)) + " " + units[i];
}
