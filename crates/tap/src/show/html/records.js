"use strict";

// From the lines of a recording to the rows of the page. Whatever a recording holds came from
// outside, so it is only ever shown as text, and never as markup.

// From here on a call took long, in microseconds.
const LONG = 1e6;

// As agent_text::escape has them: what changes how text around it shows, or shows as nothing.
const UNPRINTABLE = new RegExp(
  "[\\p{Cc}\\u{ad}\\u{34f}\\u{61c}\\u{115f}\\u{1160}\\u{3164}\\u{ffa0}\\u{17b4}\\u{17b5}" +
    "\\u{180b}-\\u{180f}\\u{200b}\\u{200e}\\u{200f}\\u{2028}-\\u{202e}\\u{2060}-\\u{206f}" +
    "\\u{2800}\\u{feff}\\u{fff9}-\\u{fffb}\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e007f}" +
    "\\u{e0100}-\\u{e01ef}]",
  "gu",
);
const ESCAPES = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escaped(character) {
  const code = character.codePointAt(0);
  const hex = code.toString(16);
  return ESCAPES[character] ?? (code < 0x80 ? `\\x${hex.padStart(2, "0")}` : `\\u{${hex}}`);
}

// A text on one line, with nothing in it that cannot be seen.
function line(text) {
  return String(text).replace(UNPRINTABLE, escaped);
}

// The same over several lines.
function lines(text) {
  return String(text).replace(UNPRINTABLE, (c) => (c === "\n" || c === "\t" ? c : escaped(c)));
}

// Microseconds since 1970, which a Date does not have.
function microseconds(time) {
  const [whole, fraction = ""] = time.replace("Z", "").split(".");
  return Date.parse(`${whole}Z`) * 1000 + Number(fraction.slice(0, 6).padEnd(6, "0"));
}

// A time with three digits that count.
function duration(us) {
  if (us < 1000) return `${us}us`;
  const [value, unit] = us < 1e6 ? [us / 1e3, "ms"] : [us / 1e6, "s"];
  return value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0) + unit;
}

function seconds(us) {
  return (us / 1e6).toFixed(3);
}

function statusName(status) {
  return status.name ? (status.code ? `${status.name} (${status.code})` : status.name) : String(status.code);
}

// How a call ended: what its row says, and what its colour is.
function ending(call) {
  if (call.open) return ["open", "no answer"];
  if (call.given_up) return ["open", "no answer before the connection ended"];
  if (!call.status) return ["error", "not ttRPC"];
  return [call.status.code === 0 ? "ok" : "error", statusName(call.status)];
}

// The first of a message's lines.
function words(text) {
  return (text ?? "").trim().split("\n", 1)[0].slice(0, 200);
}

function callRow(call, text, ids) {
  const [state, answer] = ending(call);
  const of = (field) => call.request?.[field];
  const named = ids.filter((field) => typeof of(field) === "string" && of(field) !== "");
  return {
    isCall: true,
    text,
    at: microseconds(call.time),
    took: call.duration_us ?? null,
    connection: call.connection,
    name: call.method || "(a request that was not seen)",
    state,
    answer,
    words: [
      call.faults && `(by a rule: ${call.faults.join(", ")})`,
      words(call.status?.message) || named.map((field) => `${field}=${of(field)}`).join("  "),
    ]
      .filter((part) => part)
      .join("  "),
    messages: [],
  };
}

function way(record) {
  return record.direction === "to_runtime" ? "from the agent" : "to the agent";
}

// What else there is: the begin and the end of connections, handshakes, bytes, gaps.
function otherRow(record, text) {
  const said = {
    open: () => ["connection", record.text],
    handshake: () => [`handshake ${way(record)}`, record.text],
    data: () => [`message of a stream ${way(record)}`, record.method],
    bytes: () => [`bytes ${way(record)}`, record.error],
    close: () => [
      "end of the connection",
      `${record.bytes_to_agent ?? 0} bytes to the agent and ${record.bytes_to_runtime ?? 0} back` +
        (record.text ? `: ${record.text}` : ""),
    ],
    fault: () => ["rule", (record.faults ?? []).join(", ")],
    lost: () => ["gap", `${record.lost?.frames ?? 0} frames are missing here`],
  };
  const [name, answer] = (said[record.kind] ?? (() => [record.kind, record.text]))();
  return {
    isCall: false,
    text,
    at: microseconds(record.time),
    took: null,
    connection: record.connection ?? null,
    name,
    state: record.kind === "bytes" || record.kind === "lost" ? "error" : "other",
    answer: answer ?? "",
    words: "",
    messages: [],
  };
}

// The fields that hold bytes, which are base64 here.
const bytesFields = new Set();

function bytesOfBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

// The bytes in a message that are text, such as what a process printed: names and texts.
function textsIn(value, name = "") {
  if (value !== null && typeof value === "object") {
    return Object.entries(value).flatMap(([key, inner]) => textsIn(inner, Array.isArray(value) ? name : key));
  }
  if (typeof value !== "string" || !bytesFields.has(name)) return [];
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytesOfBase64(value));
    return text === "" || text.includes("\0") ? [] : [[name, text]];
  } catch {
    return [];
  }
}

// Everything that was recorded, in the order of time.
function readRecording() {
  const element = document.getElementById("records");
  const [head, ...texts] = element.textContent.split("\n").filter((text) => text !== "");
  element.remove();
  const first = JSON.parse(head);
  for (const name of first.bytes) bytesFields.add(name);
  const rows = [];
  // Messages of streams come before their call, whose line comes when it ends.
  const waiting = new Map();
  const last = new Map();
  let isCut = false;
  for (const text of texts) {
    const record = JSON.parse(text);
    if (record.kind === "cut") {
      isCut = true;
      continue;
    }
    const key = `${record.connection}/${record.stream}`;
    if (record.kind === "data") {
      const messages = waiting.get(key) ?? waiting.set(key, []).get(key);
      messages.push(otherRow(record, text));
    } else if (record.kind === undefined) {
      const row = callRow(record, text, first.ids);
      for (const message of waiting.get(key) ?? []) {
        (message.at >= row.at ? row.messages : rows).push(message);
      }
      waiting.delete(key);
      last.set(key, row);
      rows.push(row);
    } else {
      rows.push(otherRow(record, text));
    }
  }
  for (const [key, messages] of waiting) {
    const call = last.get(key);
    for (const message of messages) {
      (call && message.at >= call.at ? call.messages : rows).push(message);
    }
  }
  const start = microseconds(first.time);
  let end = start;
  for (const row of rows) end = Math.max(end, row.at + (row.took ?? 0));
  for (const row of rows) {
    row.end = row.isCall && row.took === null ? end : row.at + (row.took ?? 0);
    row.isLong = row.isCall && row.end - row.at >= LONG;
  }
  rows.sort((one, other) => one.at - other.at);
  return { first, isCut, start: Math.min(start, rows[0]?.at ?? start), end, rows };
}

// All that is said in a row, in lower case, to be searched: each value behind its field's name.
function searched(row) {
  if (row.searched === undefined) {
    const found = [row.name, row.answer];
    const walk = (value, name) => {
      if (value !== null && typeof value === "object") {
        for (const [key, inner] of Object.entries(value)) {
          walk(inner, Array.isArray(value) ? name : key);
        }
      } else {
        found.push(`${name}=${value}`);
      }
    };
    for (const text of [row.text, ...row.messages.map((message) => message.text)]) {
      const said = JSON.parse(text);
      walk(said, "");
      for (const [name, printed] of textsIn(said)) found.push(`${name}=${printed}`);
    }
    row.searched = found.join("\n").toLowerCase();
  }
  return row.searched;
}
