// What is shown of the call that is open.

// How much of a text, of bytes and of a stream's messages is shown at first.
const MOST_STRING = 2000;
const MOST_TEXT = 100000;
const MOST_BYTES = 4096;
const MOST_MESSAGES = 100;

// An element with these children; texts among them stay texts.
function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

// A <pre> whose text is `make(false)`, and `make(true)` when all of it is wanted.
function foldable(className, make) {
  const [text, isCut] = make(false);
  const pre = element("pre", className, text);
  pre.tabIndex = 0;
  if (!isCut) return [pre];
  const button = element("button", "", "Show in full");
  button.type = "button";
  button.addEventListener("click", () => {
    pre.textContent = make(true)[0];
    pre.focus();
    button.remove();
  });
  return [pre, button];
}

function shownMessage(message) {
  return foldable("", (whole) => {
    let isCut = false;
    const cut = (_, value) => {
      if (whole || typeof value !== "string" || value.length <= MOST_STRING) return value;
      isCut = true;
      return `${value.slice(0, MOST_STRING)}… (${value.length - MOST_STRING} more)`;
    };
    const text = JSON.stringify(message, cut, 2);
    if (whole || text.length <= MOST_TEXT) return [lines(text), isCut];
    return [`${lines(text.slice(0, MOST_TEXT))}…`, true];
  });
}

// Bytes as a table of hexadecimal digits and characters.
function shownBytes(bytes) {
  return foldable("bytes", (whole) => {
    const length = whole ? bytes.length : Math.min(bytes.length, MOST_BYTES);
    const table = [];
    for (let at = 0; at < length; at += 16) {
      const part = Array.from(bytes.slice(at, Math.min(at + 16, length)));
      const digits = part.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
      const characters = part.map((byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : "."));
      table.push(`${at.toString(16).padStart(6, "0")}  ${digits.padEnd(47)}  ${characters.join("")}`);
    }
    if (length < bytes.length) table.push(`… (${bytes.length - length} more bytes)`);
    return [table.join("\n"), length < bytes.length];
  });
}

function bytesOfHex(text) {
  return Uint8Array.from(text.match(/../g) ?? [], (digits) => parseInt(digits, 16));
}

function bytesOfBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

// A part that folds: a message, or the bytes of what is not one.
function part(title, message, bytes) {
  const made = element("details", "", element("summary", "", title));
  made.open = true;
  if (message !== undefined) made.append(...shownMessage(message));
  if (bytes !== undefined) made.append(...shownBytes(bytes));
  return made;
}

function facts(pairs) {
  const list = element("dl", "");
  for (const [name, value, className] of pairs) {
    if (value === undefined || value === null || value === "") continue;
    list.append(element("dt", "", name), element("dd", className ?? "", lines(value)));
  }
  return list;
}

function streamMessages(row, start) {
  const made = element("details", "", element("summary", "", `Messages of the stream (${row.messages.length})`));
  made.open = true;
  const more = element("button", "");
  more.type = "button";
  let next = 0;
  const show = () => {
    for (const { text, at } of row.messages.slice(next, next + MOST_MESSAGES)) {
      const record = JSON.parse(text);
      const isEnd = record.message === undefined && record.payload === undefined;
      const title = `${seconds(at - start)}  ${way(record)}${isEnd ? ": the end of its messages" : ""}`;
      const bytes = record.payload === undefined ? undefined : bytesOfBase64(record.payload);
      const problem = record.error === undefined ? "" : `: ${line(record.error)}`;
      more.before(part(title + problem, record.message, bytes));
    }
    next += MOST_MESSAGES;
    more.textContent = `${row.messages.length - next} more`;
    more.hidden = next >= row.messages.length;
  };
  made.append(more);
  more.addEventListener("click", show);
  show();
  return made;
}

function callDetail(row, start) {
  const call = JSON.parse(row.text);
  const metadata = Object.entries(call.metadata ?? {}).map(([key, values]) => `${key}: ${values.join(", ")}`);
  const made = [
    facts([
      ["Answer", row.answer, `state ${row.state}`],
      ["Message", call.status?.message],
      ["Problem", call.error, "fault"],
      ["Not in the protos", [
        ...(call.unknown_fields ?? []).map((place) => `request, ${place}`),
        ...(call.response_unknown_fields ?? []).map((place) => `answer, ${place}`),
      ].join("\n")],
      ["By a rule", call.faults && `${call.faults.join(", ")}${call.kept_from_agent ? "; the agent did not get the call" : ""}`],
      ["Service", call.service],
      ["Connection", `${call.connection}, stream ${call.stream}`],
      ["Begun", `${call.time}, after ${seconds(row.at - start)} s`],
      ["Took", row.took === null ? null : duration(row.took)],
      ["Time limit", call.timeout_nano === undefined ? null : duration(call.timeout_nano / 1000)],
      ["Metadata", metadata.join("\n")],
    ]),
  ];
  for (const detail of call.status?.details ?? []) {
    const bytes = detail.message === undefined ? bytesOfBase64(detail.value) : undefined;
    made.push(part(`Detail ${line(detail.type_url)}`, detail.message, bytes));
  }
  const hex = (text) => (text === undefined ? undefined : bytesOfHex(text));
  if (call.request !== undefined || call.payload !== undefined) {
    made.push(part("Request", call.request, hex(call.payload)));
  }
  if (row.messages.length > 0) made.push(streamMessages(row, start));
  if (call.response !== undefined || call.response_payload !== undefined) {
    made.push(part("Answer", call.response, hex(call.response_payload)));
  }
  return made;
}

function otherDetail(row, start) {
  const record = JSON.parse(row.text);
  const bytes = record.payload === undefined ? undefined : bytesOfBase64(record.payload);
  const made = [
    facts([
      ["What", row.answer],
      ["Problem", record.error === row.answer ? undefined : record.error, "fault"],
      ["Connection", row.connection],
      ["Time", `${record.time}, after ${seconds(row.at - start)} s`],
    ]),
  ];
  if (bytes || record.message !== undefined) made.push(part("What was said", record.message, bytes));
  return made;
}

// Fills the element with all about a row.
function showDetail(target, row, start, close) {
  const button = element("button", "close", "Close");
  button.type = "button";
  button.addEventListener("click", close);
  const rest = row.isCall ? callDetail(row, start) : otherDetail(row, start);
  target.replaceChildren(button, element("h2", "", line(row.name)), ...rest);
  target.scrollTop = 0;
  target.hidden = false;
}
