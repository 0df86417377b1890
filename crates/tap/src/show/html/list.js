// The table of calls: what is searched for, filtered and chosen. Of its rows only those in view
// are elements, each used again for another row when the table scrolls.

const SPARE = 6;

class List {
  // `choose` is called with a row that becomes the current one, and whether to open it.
  constructor(rows, start, choose) {
    this.start = start;
    this.choose = choose;
    this.shown = rows;
    this.index = -1;
    this.element = document.getElementById("list");
    this.space = document.getElementById("rows");
    this.pool = [];
    this.height = parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--row"));
    this.element.addEventListener("scroll", () => this.draw());
    this.element.addEventListener("keydown", (event) => this.key(event));
    this.space.addEventListener("click", (event) => {
      const row = event.target.closest(".row");
      if (row) this.choose(this.shown[Number(row.dataset.index)], true);
    });
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  // Shows these rows; the current one stays current if it is among them.
  show(rows) {
    const current = this.shown[this.index];
    this.shown = rows;
    this.index = current ? rows.indexOf(current) : -1;
    this.element.setAttribute("aria-rowcount", rows.length + 1);
    this.space.style.height = `${rows.length * this.height}px`;
    if (this.index < 0) this.element.scrollTop = 0;
    for (const row of this.pool) row.index = -1;
    this.draw();
    if (this.index >= 0) this.reveal();
  }

  draw() {
    const room = Math.ceil(this.element.clientHeight / this.height) + 2 * SPARE;
    while (this.pool.length < room) this.pool.push(this.make());
    const first = Math.max(0, Math.floor(this.element.scrollTop / this.height) - SPARE);
    // A row always has the same element, so that those that stay in view are not touched.
    const { length } = this.pool;
    for (let index = first; index < first + length; index += 1) {
      this.fill(this.pool[index % length], index);
    }
    const current = this.pool.find((row) => row.index === this.index && this.index >= 0);
    if (current) this.element.setAttribute("aria-activedescendant", current.element.id);
    else this.element.removeAttribute("aria-activedescendant");
  }

  make() {
    const cells = Array.from({ length: 5 }, () => element("span", ""));
    for (const cell of cells) cell.setAttribute("role", "gridcell");
    const made = element("div", "row", ...cells);
    made.id = `row-${this.pool.length}`;
    made.setAttribute("role", "row");
    this.space.append(made);
    return { element: made, cells, index: -1 };
  }

  fill(pooled, index) {
    const { element: made, cells } = pooled;
    const row = this.shown[index];
    made.hidden = row === undefined;
    if (!row) {
      pooled.index = -1;
      return;
    }
    made.setAttribute("aria-selected", index === this.index);
    if (pooled.index === index) return;
    pooled.index = index;
    made.className = `row ${row.state}`;
    made.style.top = `${index * this.height}px`;
    made.dataset.index = index;
    made.setAttribute("aria-rowindex", index + 2);
    const [time, connection, name, took, answer] = cells;
    time.textContent = seconds(row.at - this.start);
    connection.textContent = row.connection ?? "";
    name.textContent = line(row.name);
    took.textContent = row.took !== null ? duration(row.took) : row.isCall ? "open" : "";
    took.className = row.isLong ? "took long" : "took";
    answer.className = "answer";
    answer.replaceChildren(line(row.answer));
    if (row.words) answer.append(" ", element("small", "", line(row.words)));
    for (const cell of [name, answer]) cell.title = cell.textContent;
  }

  // Makes a row the current one.
  select(index) {
    this.index = Math.max(0, Math.min(index, this.shown.length - 1));
    this.reveal();
    this.draw();
  }

  reveal() {
    const list = this.element;
    const room = list.clientHeight - this.height - 2;
    const top = this.index * this.height;
    if (top < list.scrollTop) list.scrollTop = top;
    else if (top + this.height > list.scrollTop + room) list.scrollTop = top + this.height - room;
  }

  key(event) {
    if (event.target !== this.element || event.ctrlKey || event.altKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.height) - 2);
    const moves = {
      ArrowDown: this.index + 1,
      ArrowUp: this.index - 1,
      PageDown: this.index + page,
      PageUp: this.index - page,
      Home: 0,
      End: this.shown.length - 1,
    };
    if (event.key in moves && this.shown.length > 0) {
      this.select(moves[event.key]);
      this.choose(this.shown[this.index], false);
    } else if (event.key === "Enter" && this.index >= 0) {
      this.choose(this.shown[this.index], true);
    } else {
      return;
    }
    event.preventDefault();
  }
}
