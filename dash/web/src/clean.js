// Text from other nodes, made harmless to look at: what could reorder, hide or
// overprint the text around it is taken out or shown as U+FFFD. It is not about
// markup: the page only ever makes text nodes.

// Bidirectional marks, embeddings, overrides and isolates; zero-width characters
// other than the joiner that emoji need; soft hyphen; byte order mark; tags;
// variation selectors beyond the common sixteen.
const dropped = /[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]/gu;
// A joiner anywhere but between pictures.
const joiner = /(?<![\p{Extended_Pictographic}\ufe0f\u{1f3fb}-\u{1f3ff}])\u200d|\u200d(?!\p{Extended_Pictographic})/gu;
// Controls, unpaired surrogates and private use.
const replaced = /[\u0000-\u001f\u007f-\u009f\ud800-\udfff\p{Co}]/gu;
// More than eight marks on one base.
const piled = /(\p{M}{8})\p{M}+/gu;

// clean returns at most `most` characters of s on one line.
export function clean(s, most = 256) {
  if (typeof s !== "string") return "";
  let out = s.slice(0, 4 * most);
  out = out.replace(/[\t\n\r\u2028\u2029]+/g, " ").replace(dropped, "").replace(joiner, "");
  out = out.replace(replaced, "\ufffd").replace(piled, "$1");
  const points = [...out];
  return points.length > most ? points.slice(0, most - 1).join("") + "…" : out;
}

// cleanText keeps line breaks, for chat.
export function cleanText(s, most = 4096) {
  if (typeof s !== "string") return "";
  return s.slice(0, 4 * most).split(/\r\n|[\n\r\u2028\u2029]/).slice(0, 64).map((l) => clean(l, most)).join("\n");
}
