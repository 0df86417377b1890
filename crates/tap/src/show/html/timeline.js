// The time line: a lane for each connection, and in it a bar for each call. Calls that are
// open at the same time stand below each other. Only the lanes in view are drawn.

const TRACK = 8;
const MOST_TRACKS = 12;
const GUTTER = 56;
const SHORTEST = 10; // The shortest time that is zoomed to, in microseconds.

class TimeLine {
  // `choose` is called with a call that was clicked, `zoom` when another time is shown.
  constructor(recording, choose, zoom) {
    this.recording = recording;
    this.choose = choose;
    this.zoom = zoom;
    this.current = null;
    this.dragged = null;
    this.allLanes = lanesOf(recording.rows);
    this.holder = document.getElementById("lanes");
    this.bars = document.getElementById("bars");
    this.scale = document.getElementById("scale");
    this.whole();
    this.filter(recording.rows);
    const draw = () => this.draw();
    this.holder.addEventListener("scroll", draw);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
    new ResizeObserver(draw).observe(this.holder);
    document.getElementById("zoom-in").addEventListener("click", () => this.zoomBy(0.5));
    document.getElementById("zoom-out").addEventListener("click", () => this.zoomBy(2));
    document.getElementById("zoom-all").addEventListener("click", () => this.show(null));
    this.bars.addEventListener("pointerdown", (event) => this.press(event));
    this.bars.addEventListener("pointermove", (event) => this.move(event));
    this.bars.addEventListener("pointerup", (event) => this.release(event));
    this.bars.addEventListener("pointercancel", () => {
      this.dragged = null;
      this.draw();
    });
  }

  // Shows these calls, the others of their connections faintly.
  filter(rows) {
    this.shown = new Set(rows);
    const connections = new Set(rows.filter((row) => row.isCall).map((row) => row.connection));
    this.lanes = this.allLanes.filter((lane) => connections.has(lane.connection));
    let height = 0;
    for (const lane of this.lanes) {
      lane.top = height;
      height += lane.height;
    }
    document.getElementById("lanes-space").style.height = `${height}px`;
    this.holder.style.height = `${height}px`;
    this.draw();
  }

  whole() {
    this.range = null;
    this.from = this.recording.start;
    this.to = Math.max(this.recording.end, this.from + SHORTEST);
  }

  // Shows a time, or all of it.
  show(range) {
    this.whole();
    if (range) {
      const from = Math.max(this.from, range[0]);
      const to = Math.min(this.to, Math.max(range[1], from + SHORTEST));
      if (from > this.from || to < this.to) [this.range, this.from, this.to] = [[from, to], from, to];
    }
    this.zoom(this.range);
  }

  zoomBy(factor) {
    const row = this.current;
    const isIn = row && row.at <= this.to && row.end >= this.from;
    const middle = isIn ? Math.max(row.at, this.from) : (this.from + this.to) / 2;
    const half = (Math.max(this.to - this.from, SHORTEST) * factor) / 2;
    // At an edge all of the time is still shown that was asked for.
    const from = Math.max(this.recording.start, Math.min(middle - half, this.recording.end - 2 * half));
    this.show([from, from + 2 * half]);
  }

  x(time) {
    const width = this.holder.clientWidth - GUTTER - 8;
    return GUTTER + ((time - this.from) / (this.to - this.from)) * width;
  }

  time(x) {
    const width = this.holder.clientWidth - GUTTER - 8;
    const part = Math.min(1, Math.max(0, (x - GUTTER) / width));
    return this.from + part * (this.to - this.from);
  }

  // Where a call's bar is: left end and width.
  place(row) {
    const [left, right] = [this.x(Math.max(row.at, this.from)), this.x(Math.min(row.end, this.to))];
    return [left, Math.max(2, right - left)];
  }

  // A lane is drawn within the part that is scrolled to.
  inView() {
    const [top, bottom] = [this.holder.scrollTop, this.holder.scrollTop + this.holder.clientHeight];
    return this.lanes.filter((lane) => lane.top < bottom && lane.top + lane.height > top);
  }

  draw() {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    const context = this.sized(this.bars, this.holder.clientHeight);
    const scrolled = this.holder.scrollTop;
    context.font = `11px ${style.fontFamily}`;
    context.textBaseline = "middle";
    const lanes = this.inView();
    for (const lane of lanes) {
      context.fillStyle = colour("line");
      context.fillRect(0, lane.top + lane.height - scrolled - 1, this.holder.clientWidth, 1);
      context.fillStyle = colour("aside");
      context.fillText(String(lane.connection), 8, lane.top + lane.height / 2 - scrolled, GUTTER - 16);
    }
    // What may be bad is drawn over the rest.
    for (const state of ["hidden", "ok", "open", "error"]) {
      for (const lane of lanes) {
        for (const row of lane.calls) {
          const isShown = this.shown.has(row);
          if ((isShown ? row.state : "hidden") !== state || row.at > this.to || row.end < this.from) continue;
          const [left, width] = this.place(row);
          const top = lane.top + 2 + row.track * TRACK - scrolled;
          context.fillStyle = colour(isShown ? state : "line");
          // A call without an answer is hollow.
          context.globalAlpha = state === "open" ? 0.3 : 1;
          context.fillRect(left, top, width, TRACK - 2);
          context.globalAlpha = 1;
          if (isShown && (state === "open" || row.isLong)) {
            context.strokeStyle = colour(state === "open" ? "open" : "long");
            context.lineWidth = 1;
            context.strokeRect(left + 0.5, top + 0.5, Math.max(1, width - 1), TRACK - 3);
          }
        }
      }
    }
    const lane = lanes.find((each) => each.connection === this.current?.connection);
    if (lane && this.current.isCall) {
      const [left, width] = this.place(this.current);
      context.strokeStyle = colour("text");
      context.lineWidth = 2;
      context.strokeRect(left - 2, lane.top + this.current.track * TRACK - scrolled, width + 4, TRACK + 2);
    }
    if (this.dragged) {
      const [left, right] = [this.dragged.from, this.dragged.to].sort((one, other) => one - other);
      context.globalAlpha = 0.25;
      context.fillStyle = colour("focus");
      context.fillRect(left, 0, right - left, this.holder.clientHeight);
    }
    this.drawScale(colour, style.fontFamily);
  }

  drawScale(colour, font) {
    const context = this.sized(this.scale, 18);
    context.font = `11px ${font}`;
    context.textBaseline = "middle";
    context.fillStyle = colour("aside");
    const width = this.scale.clientWidth;
    context.fillText("Conn.", 8, 9, GUTTER - 12);
    const about = ((this.to - this.from) / Math.max(1, width - GUTTER)) * 90;
    const power = 10 ** Math.floor(Math.log10(about));
    const step = [1, 2, 5, 10].map((times) => times * power).find((each) => each >= about);
    const digits = Math.max(0, Math.ceil(-Math.log10(step / 1e6) - 1e-9));
    const start = this.recording.start;
    const first = Math.ceil((this.from - start) / step);
    // Bounded, as times so far away that a step is lost in them must not end in a loop.
    for (let index = 0; index <= width / 40; index += 1) {
      const time = start + (first + index) * step;
      if (!(time <= this.to)) break;
      const text = `${((time - start) / 1e6).toFixed(digits)} s`;
      const x = this.x(time);
      context.fillRect(x, 13, 1, 5);
      if (x + 4 + context.measureText(text).width < width) context.fillText(text, x + 3, 8);
    }
  }

  // A canvas as large as it is shown, to the pixel.
  sized(canvas, height) {
    const ratio = devicePixelRatio;
    const width = canvas.parentElement.clientWidth;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.height = `${height}px`;
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    return context;
  }

  // The call whose bar is at this place.
  at(event) {
    const y = event.offsetY + this.holder.scrollTop;
    const lane = this.lanes.find((each) => y >= each.top && y < each.top + each.height);
    let [nearest, distance] = [null, 4];
    for (const row of lane?.calls ?? []) {
      const top = lane.top + 2 + row.track * TRACK;
      if (!this.shown.has(row) || y < top - 1 || y > top + TRACK - 1) continue;
      const [left, width] = this.place(row);
      const away = Math.max(left - event.offsetX, event.offsetX - left - width, 0);
      if (row.at <= this.to && row.end >= this.from && away < distance) [nearest, distance] = [row, away];
    }
    return nearest;
  }

  press(event) {
    if (event.button !== 0) return;
    this.bars.setPointerCapture(event.pointerId);
    this.dragged = { from: event.offsetX, to: event.offsetX };
  }

  move(event) {
    if (this.dragged) {
      this.dragged.to = event.offsetX;
      this.draw();
      return;
    }
    const row = this.at(event);
    this.bars.title = row ? `${line(row.name)}: ${line(row.answer)}` : "";
  }

  release(event) {
    const dragged = this.dragged;
    if (!dragged) return;
    this.dragged = null;
    if (Math.abs(dragged.from - dragged.to) > 4) {
      const times = [this.time(dragged.from), this.time(dragged.to)];
      this.show(times.sort((one, other) => one - other));
      return;
    }
    const row = this.at(event);
    if (row) this.choose(row);
    this.draw();
  }

  // Makes a lane visible.
  reveal(row) {
    const lane = this.lanes.find((each) => each.connection === row.connection);
    if (!lane) return;
    const { scrollTop, clientHeight } = this.holder;
    if (lane.top < scrollTop || lane.top + lane.height > scrollTop + clientHeight) {
      this.holder.scrollTop = lane.top + Math.min(0, (lane.height - clientHeight) / 2);
    }
  }
}

// The calls by connection. Each gets the first track that is free when it begins.
function lanesOf(rows) {
  const byConnection = new Map();
  for (const row of rows) {
    if (!row.isCall) continue;
    const lane = byConnection.get(row.connection) ?? { connection: row.connection, calls: [], ends: [] };
    byConnection.set(row.connection, lane);
    const free = lane.ends.findIndex((end) => end <= row.at);
    row.track = free >= 0 ? free : Math.min(lane.ends.length, MOST_TRACKS - 1);
    lane.ends[row.track] = row.end;
    lane.calls.push(row);
  }
  for (const lane of byConnection.values()) {
    lane.height = Math.max(16, lane.ends.length * TRACK + 4);
  }
  return [...byConnection.values()].sort((one, other) => one.connection - other.connection);
}
