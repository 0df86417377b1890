// Puts the page together: filters, time line, table, and the call that is open.

const recording = readRecording();
const $ = (id) => document.getElementById(id);
const detail = $("detail");
const calls = recording.rows.filter((row) => row.isCall);

const list = new List(recording.rows, recording.start, choose);
const timeLine = new TimeLine(recording, (row) => choose(row, true), filter);

// Makes a row the current one, and shows all of it if `open`, or if another one is shown so.
function choose(row, open) {
  const index = list.shown.indexOf(row);
  if (index >= 0) list.select(index);
  timeLine.current = row;
  timeLine.reveal(row);
  timeLine.draw();
  if (open || !detail.hidden) showDetail(detail, row, recording.start, close);
  // The table is narrower now, and its rows may be elsewhere.
  if (index >= 0) list.select(index);
}

function close() {
  detail.hidden = true;
  list.element.focus();
}

function option(value, text) {
  const made = element("option", "", text);
  made.value = value;
  return made;
}

// The options of a filter: what there is, and how often.
function options(select, all, values, word = (value) => value) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const sorted = [...counts].sort(([one], [other]) => (one < other ? -1 : 1));
  select.replaceChildren(option("", all), ...sorted.map(([value, count]) => option(value, line(`${word(value)} (${count})`))));
}

function fillFilters() {
  options($("name"), "any", calls.map((row) => row.name));
  options($("connection"), "any", recording.rows.map((row) => row.connection).filter((each) => each !== null));
  const states = $("state");
  options(states, "any", calls.filter((row) => row.state === "error").map((row) => row.answer));
  for (const each of states.options) if (each.value) each.value = `=${each.value}`;
  const kinds = [
    ["ok", "OK", (row) => row.isCall && row.state === "ok"],
    ["error", "any error", (row) => row.state === "error"],
    ["open", "no answer", (row) => row.state === "open"],
    ["long", "1 s and longer", (row) => row.isLong],
    ["other", "not calls", (row) => !row.isCall],
  ];
  const made = kinds.map(([value, text, is]) => option(value, `${text} (${recording.rows.filter(is).length})`));
  states.options[0].after(...made);
}

function hasState(row, state) {
  if (state === "") return true;
  if (state.startsWith("=")) return row.isCall && row.state === "error" && row.answer === state.slice(1);
  if (state === "long") return row.isLong;
  if (state === "other") return !row.isCall;
  return row.state === state;
}

// Shows what the filters let through.
function filter() {
  const text = $("text").value.trim().toLowerCase();
  const [name, state, connection] = [$("name").value, $("state").value, $("connection").value];
  const { range } = timeLine;
  const rows = recording.rows.filter(
    (row) =>
      (name === "" || (row.isCall && row.name === name)) &&
      hasState(row, state) &&
      (connection === "" || String(row.connection) === connection) &&
      (!range || (row.at <= range[1] && row.end >= range[0])) &&
      (text === "" || searched(row).includes(text)),
  );
  if ($("order").value === "longest") rows.sort((one, other) => other.end - other.at - (one.end - one.at));
  list.show(rows);
  timeLine.filter(rows);
  const number = (count) => count.toLocaleString("en");
  const found = rows.filter((row) => row.isCall).length;
  const others = rows.length - found;
  $("count").textContent =
    `${number(found)} of ${number(calls.length)} calls` + (others > 0 ? `, ${number(others)} other line${others === 1 ? "" : "s"}` : "");
  const { from, to } = timeLine;
  $("range").textContent = `${seconds(from - recording.start)} s to ${seconds(to - recording.start)} s`;
}

$("text").addEventListener("input", filter);
// Not of the text, which changes once more when a click elsewhere takes the focus from it.
for (const id of ["name", "state", "connection", "order"]) $(id).addEventListener("change", filter);
$("filters").addEventListener("submit", (event) => event.preventDefault());
$("filters").addEventListener("reset", () => {
  // The fields have their first values only after this event.
  setTimeout(() => timeLine.show(null));
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const isTyping = event.target.matches("input, select");
  if (event.key === "Escape" && !detail.hidden && !isTyping) close();
  else if (event.key === "/" && !isTyping) $("text").focus();
  else if (event.key === "Enter" && event.target === $("text")) list.element.focus();
  else return;
  event.preventDefault();
});

$("what").textContent = line(recording.first.text ?? "A recording");
$("when").textContent =
  `from ${recording.first.time}, ${seconds(recording.end - recording.start)} s` +
  (recording.isCut ? "; the last line of the recording is not whole" : "");
document.title = `Calls: ${line(recording.first.text ?? "a recording")}`;
fillFilters();
filter();
