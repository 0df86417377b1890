//! The page that `show -o html` makes of a recording, in a browser that opens, types, clicks
//! and counts as a user does.

use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kata_agent_ctl::text::escape::is_unprintable;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::browser::{Browser, DOWN, END, ENTER, ESCAPE, HOME, UP};
use crate::recordings::recorded;
use crate::tool::tool;

/// The page of a recording.
fn page_of(recording: &str) -> PathBuf {
    let page = Path::new(recording).with_extension("html");
    let shown = tool(["show", "-o", "html", recording]).run();
    assert_eq!(shown.status, 0, "{}", shown.stderr);
    fs::write(&page, shown.stdout).unwrap();
    page
}

/// A recording that is made by hand, and the folder it is in.
struct Recording {
    folder: TempDir,
    text: String,
}

/// The time so many microseconds after a recording began.
fn at(microseconds: u64) -> String {
    let (seconds, rest) = (microseconds / 1_000_000, microseconds % 1_000_000);
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    format!("2026-11-30T10:{minutes:02}:{seconds:02}.{rest:06}000Z")
}

impl Recording {
    fn new(what: &str) -> Recording {
        let first = json!({
            "time": at(0), "kind": "recording", "text": what,
            "format": "kata-agent-ctl recording", "version": 1,
        });
        Recording {
            folder: TempDir::with_prefix("page").unwrap(),
            text: format!("{first}\n"),
        }
    }

    /// Adds a record of a connection.
    fn add(&mut self, time: u64, kind: &str, connection: u64, more: &Value) {
        let mut record = json!({"time": at(time), "kind": kind, "connection": connection});
        let record_fields = record.as_object_mut().unwrap();
        record_fields.extend(more.as_object().unwrap().clone());
        self.text.push_str(&format!("{record}\n"));
    }

    fn request(&mut self, time: u64, stream: u64, method: &str, message: &Value) {
        let more = json!({
            "stream": stream, "direction": "to_agent", "service": "grpc.AgentService",
            "method": method, "message": message, "payload": "CgA=",
        });
        self.add(time, "request", 1, &more);
    }

    fn response(&mut self, time: u64, stream: u64, code: i64, name: &str, message: &Value) {
        let more = json!({
            "stream": stream, "direction": "to_runtime", "message": message, "payload": "CgA=",
            "status": {"code": code, "name": name},
        });
        self.add(time, "response", 1, &more);
    }

    fn page(&self) -> PathBuf {
        let file = self.folder.path().join("r");
        fs::write(&file, &self.text).unwrap();
        page_of(file.to_str().unwrap())
    }
}

/// 10,000 calls of two minutes on one connection, with errors, long ones and open ones.
fn ten_thousand() -> Recording {
    let mut recording = Recording::new("proxy unix:///a to unix:///b");
    for number in 0..10_000 {
        let (begin, stream) = (number * 12_000, 2 * number + 1);
        let method = ["StatsContainer", "ReadStdout", "Check"][(number % 3) as usize];
        let request = json!({"container_id": format!("c{number}")});
        recording.request(begin, stream, method, &request);
        match number % 1000 {
            7 => {}
            8 => recording.response(begin + 2_000_000, stream, 0, "OK", &json!({})),
            9 => recording.response(begin + 5_000, stream, 5, "NOT_FOUND", &json!({})),
            _ => recording.response(begin + 5_000, stream, 0, "OK", &json!({})),
        }
    }
    recording
}

/// The text of each row that the table has as an element, from top to bottom.
fn rows(browser: &Browser) -> Vec<String> {
    let rows = browser.run(
        "return [...document.querySelectorAll('#rows .row')].filter((row) => !row.hidden)
            .sort((one, other) => one.ariaRowIndex - other.ariaRowIndex)
            .map((row) => [...row.children].map((cell) => cell.textContent).join('|'))",
    );
    let rows = rows.as_array().unwrap();
    rows.iter()
        .map(|row| row.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_pods_life_is_opened_filtered_and_unfolded() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let recording = recorded(folder.path());
    let lines = tool(["show", "-o", "jsonl", &recording])
        .run()
        .succeeded()
        .text();
    let calls: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let all = calls.len();
    let count = |is: &dyn Fn(&Value) -> bool| calls.iter().filter(|call| is(call)).count();

    browser.open(&page_of(&recording));
    // A connection, its handshake both ways, and its end.
    browser.shows("#count", &format!("{all} of {all} calls, 4 other lines"));
    assert!(browser.text("#what").starts_with("proxy unix://"));

    // By RPC, by how it ended, by text; then all again.
    let waits = count(&|call| call["method"] == "WaitProcess");
    browser.select("#name", &format!("WaitProcess ({waits})"));
    browser.shows("#count", &format!("{waits} of {all} calls"));
    let shown = rows(&browser);
    assert_eq!(shown.len(), waits);
    assert!(shown.iter().all(|row| row.contains("|WaitProcess|")));
    browser.click("#filters button");
    browser.shows("#count", &format!("{all} of {all} calls, 4 other lines"));
    let lost = count(&|call| call["given_up"] == true);
    browser.select("#state", &format!("no answer ({lost})"));
    browser.shows("#count", &format!("{lost} of {all} calls"));
    assert!(rows(&browser)[0].contains("|GetOOMEvent|"));
    browser.click("#filters button");
    let id = "b".repeat(64);
    let with_id = count(&|call| call.to_string().contains(&id));
    assert!(with_id > 1 && with_id < all);
    browser.type_into("#text", &id.to_uppercase());
    browser.shows("#count", &format!("{with_id} of {all} calls"));
    browser.click("#filters button");
    browser.type_into("#text", "status=7");
    browser.shows("#count", &format!("1 of {all} calls"));

    // Opened: the request, and the answer, which folds.
    browser.click("#rows .row:not([hidden])");
    assert_eq!(browser.text("#detail h2"), "WaitProcess");
    let request = browser.text("#detail details:nth-of-type(1)");
    assert!(
        request.starts_with("Request\n{\n") && request.contains("\"container_id\": \"bbbb"),
        "{request}"
    );
    let answer = "#detail details:nth-of-type(2)";
    assert_eq!(browser.text(answer), "Answer\n{\n  \"status\": 7\n}");
    browser.click(&format!("{answer} > summary"));
    assert_eq!(browser.text(answer), "Answer");
    browser.click(&format!("{answer} > summary"));
    assert_eq!(browser.text(answer), "Answer\n{\n  \"status\": 7\n}");
    browser.click("#detail .close");
    assert_eq!(browser.text("#detail"), "");
    assert_eq!(browser.errors(), Vec::<Value>::new());
}

#[test]
fn ten_thousand_calls_scroll_smoothly() {
    let Some(browser) = Browser::start() else {
        return;
    };
    browser.open(&ten_thousand().page());
    browser.shows("#count", "10,000 of 10,000 calls");
    browser.click("#rows .row:not([hidden])");
    browser.click("#detail .close");
    browser.press(END);
    browser.shows(
        "#rows .row[aria-selected=true] :nth-child(5)",
        "OK container_id=c9999",
    );
    // Of so many rows only those in view are elements, wherever the table is scrolled to.
    let scrolled = browser.run(
        "const list = document.getElementById('list');
         const elements = new Set(), wrong = [], times = [];
         for (let step = 0; step <= 300; step += 1) {
           list.scrollTop = (list.scrollHeight - list.clientHeight) * step / 300;
           const begun = performance.now();
           list.dispatchEvent(new Event('scroll'));
           list.getBoundingClientRect();
           times.push(performance.now() - begun);
           elements.add(document.querySelectorAll('#rows .row').length);
           // What a user sees in the middle of it is the row that belongs there.
           const place = list.getBoundingClientRect();
           const seen = document.elementFromPoint(place.left + 20, place.top + place.height / 2);
           const expected = Math.floor((list.scrollTop + place.height / 2 - 26) / 26);
           const index = Number(seen.closest('.row')?.ariaRowIndex) - 2;
           if (Math.abs(index - expected) > 1) wrong.push([index, expected]);
         }
         times.sort((one, other) => one - other);
         return {elements: [...elements], wrong, median: times[150]};",
    );
    assert_eq!(scrolled["wrong"], json!([]));
    let elements = scrolled["elements"].as_array().unwrap();
    assert!(
        elements.len() == 1 && elements[0].as_i64().unwrap() < 100,
        "{elements:?}"
    );
    // A frame of a screen that shows 60 a second.
    assert!(scrolled["median"].as_f64().unwrap() < 16.0, "{scrolled}");
    browser.click("#list");
    browser.press(HOME);
    browser.shows(
        "#rows .row[aria-selected=true] :nth-child(5)",
        "OK container_id=c0",
    );
    // The longest ones on top: those without an answer, then one of two seconds.
    browser.select("#order", "longest first");
    let shown = rows(&browser);
    assert!(
        shown[0].ends_with("|ReadStdout|open|no answer container_id=c7"),
        "{}",
        shown[0]
    );
    assert!(shown[10].contains("|2.00s|OK"), "{}", shown[10]);
    assert_eq!(browser.errors(), Vec::<Value>::new());
}

#[test]
fn the_time_line_is_zoomed_and_chosen_from() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let mut recording = Recording::new("proxy");
    for connection in 1..=3 {
        let begin = connection * 10_000_000;
        let more = json!({"stream": 1, "service": "grpc.AgentService", "method": format!("Call{connection}")});
        recording.add(begin, "request", connection, &more);
        let more =
            json!({"stream": 1, "status": {"code": 0, "name": "OK"}, "message": {}, "payload": ""});
        recording.add(begin + 10_000_000, "response", connection, &more);
    }
    browser.open(&recording.page());
    browser.shows("#count", "3 of 3 calls");
    browser.shows("#range", "0.000 s to 40.000 s");
    // Three lanes, in the order of the connections. A click on a bar opens its call.
    let place = |of: &str| {
        browser.run(&format!(
            "const place = document.getElementById('bars').getBoundingClientRect();
         return [{of}].map(Math.round)"
        ))
    };
    let point = |time: f64, lane: f64| {
        let point = place(&format!(
            "place.left + 56 + (place.width - 64) * {time} / 40, place.top + {lane} * 16 - 11"
        ));
        (point[0].as_i64().unwrap(), point[1].as_i64().unwrap())
    };
    let there = point(25.0, 2.0);
    browser.drag(there, there);
    browser.shows("#detail h2", "Call2");
    let colour = browser.run(
        "const bars = document.getElementById('bars');
         const width = bars.clientWidth, ratio = devicePixelRatio;
         const at = (time, y) => [...bars.getContext('2d').getImageData(
           Math.round((56 + (width - 64) * time / 40) * ratio), Math.round(y * ratio), 1, 1).data];
         return [at(15, 5), at(5, 5), at(35, 37)]",
    );
    // There is a bar where there is a call: green, as the others that were answered.
    assert_eq!(colour[0], colour[2]);
    assert_ne!(colour[0], colour[1]);
    // A part of the time that is marked is what is shown, in the table too.
    browser.drag(point(32.0, 1.0), point(38.0, 1.0));
    browser.shows("#count", "1 of 3 calls");
    assert!(rows(&browser)[0].contains("|Call3|"));
    let range = browser.text("#range");
    assert!(
        range.starts_with("31.9") || range.starts_with("32.0"),
        "{range}"
    );
    browser.click("#zoom-out");
    browser.shows("#count", "2 of 3 calls");
    browser.click("#zoom-all");
    browser.shows("#count", "3 of 3 calls");
    // Of a filter, the lanes that have something to show.
    browser.select("#connection", "3 (1)");
    browser.shows("#count", "1 of 3 calls");
    let there = point(35.0, 1.0);
    browser.drag(there, there);
    browser.shows("#detail h2", "Call3");
    browser.click("#filters button");
    browser.shows("#count", "3 of 3 calls");
    let there = point(25.0, 2.0);
    browser.drag(there, there);
    browser.click("#zoom-in");
    browser.shows("#range", "10.000 s to 30.000 s");
    assert_eq!(browser.errors(), Vec::<Value>::new());
}

#[test]
fn streams_and_bytes_are_shown() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let mut recording = Recording::new("proxy");
    recording.request(1_000, 1, "Follow", &json!({"text": "begin"}));
    for number in 0..150u64 {
        let more = json!({
            "stream": 1, "direction": "to_runtime", "method": "Follow",
            "message": {"text": format!("part {number}")}, "payload": "CgA=",
        });
        recording.add(2_000 + number, "data", 1, &more);
    }
    let bad = json!({
        "stream": 1, "direction": "to_agent", "payload": STANDARD.encode(b"\x00\xffbad"),
        "error": "not a message",
    });
    recording.add(3_000, "data", 1, &bad);
    recording.add(
        3_001,
        "data",
        1,
        &json!({"stream": 1, "direction": "to_runtime", "flags": 5}),
    );
    recording.response(4_000, 1, 0, "OK", &json!({}));
    let request = json!({
        "stream": 3, "service": "x.Y", "method": "Unknown", "error": "this build does not have the RPC",
        "payload": STANDARD.encode(b"\x01\x02\x03"), "timeout_nano": 5_000_000,
        "metadata": [["key", "1"], ["key", "2"]],
    });
    recording.add(5_000, "request", 1, &request);
    let bytes: Vec<u8> = (0..10_000u32).map(|each| each as u8).collect();
    let more = json!({
        "direction": "to_agent", "error": "not ttRPC: a frame of type 9",
        "payload": STANDARD.encode(&bytes),
    });
    recording.add(6_000, "bytes", 1, &more);
    recording.text.push_str("{\"time\":");
    browser.open(&recording.page());
    browser.shows("#count", "2 of 2 calls, 1 other line");
    assert!(
        browser
            .text("#when")
            .ends_with("; the last line of the recording is not whole")
    );

    browser.select("#name", "Follow");
    browser.click("#rows .row:not([hidden])");
    let messages = "#detail > details:nth-of-type(2)";
    browser.shows(
        &format!("{messages} > summary"),
        "Messages of the stream (152)",
    );
    let count = || {
        browser.run(&format!(
            "return document.querySelectorAll('{messages} > details').length"
        ))
    };
    assert_eq!(count(), 100);
    assert_eq!(
        browser.text(&format!("{messages} > details:nth-of-type(1)")),
        "0.002 from the agent\n{\n  \"text\": \"part 0\"\n}"
    );
    browser.click(&format!("{messages} > button"));
    assert_eq!(count(), 152);
    assert_eq!(
        browser.text(&format!("{messages} > details:nth-of-type(151)")),
        "0.003 to the agent: not a message\n000000  00 ff 62 61 64                                   ..bad"
    );
    assert_eq!(
        browser.text(&format!("{messages} > details:nth-of-type(152)")),
        "0.003 from the agent: the end of its messages"
    );

    browser.select("#name", "Unknown");
    browser.click("#rows .row:not([hidden])");
    let said = browser.text("#detail");
    for part in [
        "this build does not have the RPC",
        "Time limit\n5.00ms",
        "key: 1, 2",
        "000000  01 02 03",
    ] {
        assert!(said.contains(part), "{part} is not in {said}");
    }

    browser.click("#filters button");
    browser.select("#state", "not calls (1)");
    browser.click("#rows .row:not([hidden])");
    let text = || browser.run("return document.querySelector('#detail pre').textContent");
    let shown = text().as_str().unwrap().to_owned();
    assert_eq!(shown.lines().count(), 257);
    assert!(shown.ends_with("… (5904 more bytes)"), "{shown}");
    browser.click("#detail details button");
    assert_eq!(text().as_str().unwrap().lines().count(), 625);
    assert_eq!(browser.errors(), Vec::<Value>::new());
}

#[test]
fn what_a_process_printed_is_shown_and_found_as_text() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let mut recording = Recording::new("proxy unix:///a to unix:///b");
    let printed = STANDARD.encode("to whom it \u{1b}[1mconcerns\n<b>né</b>\n");
    for (stream, data) in [(1, &printed[..]), (3, "/w=="), (5, "")] {
        let at = 1000 * stream;
        recording.request(at, stream, "ReadStdout", &json!({"container_id": "web"}));
        recording.response(at + 9, stream, 0, "OK", &json!({"data": data}));
    }
    let page = recording.page();
    browser.open(&page);
    browser.shows("#count", "3 of 3 calls");
    browser.type_into("#text", "data=to whom it");
    browser.shows("#count", "1 of 3 calls");
    browser.click("#rows .row:not([hidden])");
    let shown = browser.run(
        "return [...document.querySelectorAll('#detail p')]
            .map((p) => [p.textContent, p.nextElementSibling.textContent])",
    );
    let text = "to whom it \\x1b[1mconcerns\n<b>né</b>\n";
    assert_eq!(shown, json!([["data as text", text]]));
    let file = recording.folder.path().join("r");
    let shown = tool(["show", "-v", file.to_str().unwrap()])
        .run()
        .succeeded()
        .text();
    let text = "data as text:\n                      to whom it \\x1b[1mconcerns\n                      <b>né</b>\n";
    assert!(shown.contains(text), "{shown}");
    assert_eq!(shown.matches("as text").count(), 1);
}

#[test]
fn what_rules_made_and_the_details_of_errors_are_shown() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let mut recording = Recording::new("proxy");
    recording.request(1_000, 1, "CreateContainer", &json!({"container_id": "web"}));
    let fault = json!({"stream": 1, "faults": ["delay", "fail"], "kept_from_agent": true});
    recording.add(1_500, "fault", 1, &fault);
    let refused = json!({
        "stream": 1, "direction": "to_runtime", "faults": ["delay", "fail"], "kept_from_agent": true,
        "status": {"code": 14, "name": "UNAVAILABLE", "message": "not now", "details": [
            {"type_url": "x/grpc.StringUser", "message": {"uid": "root"}, "value": "CgRyb290"},
            {"type_url": "x/google.rpc.ErrorInfo", "value": "CgNXSFk="},
        ]},
    });
    recording.add(2_000, "response", 1, &refused);
    browser.open(&recording.page());
    browser.shows("#count", "1 of 1 calls");
    let [row] = &rows(&browser)[..] else {
        panic!("{:?}", rows(&browser));
    };
    assert!(
        row.ends_with("|UNAVAILABLE (14) (by a rule: delay, fail)  not now"),
        "{row}"
    );
    browser.click("#rows .row:not([hidden])");
    let said = browser.text("#detail");
    for part in [
        "By a rule\ndelay, fail; the agent did not get the call",
        "Detail x/grpc.StringUser\n{\n  \"uid\": \"root\"\n}",
        "Detail x/google.rpc.ErrorInfo\n000000  0a 03 57 48 59",
    ] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    assert_eq!(browser.errors(), Vec::<Value>::new());
}

/// Texts that a careless page takes for markup, or for the end of its script.
const HOSTILE: [&str; 6] = [
    "</script><script>window.taken = 1</script>",
    "<!--<script>",
    "<img src=x onerror=window.taken=1>",
    "'\"`${window.taken=1}\\",
    "{{script}}{{records}}]]>&lt;",
    "\u{202e}\u{1b}[2J\u{2028}\r\n\0",
];

#[test]
fn nothing_in_a_recording_becomes_markup_or_script() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let mut recording = Recording::new(HOSTILE[0]);
    for (number, text) in (0u64..).zip(HOSTILE) {
        let stream = 2 * number + 1;
        recording.add(1, "open", 1, &json!({"text": text}));
        recording.add(
            1,
            "handshake",
            1,
            &json!({"text": text, "direction": "to_agent"}),
        );
        let request = json!({
            "stream": stream, "service": text, "method": text, "error": text,
            "metadata": [[text, text]],
            "message": {text: text, "container_id": text, "__proto__": {"isCall": text}},
            "payload": "",
        });
        recording.add(2, "request", 1, &request);
        let data = json!({"stream": stream, "method": text, "error": text, "message": {text: text}, "payload": ""});
        recording.add(3, "data", 1, &data);
        let response = json!({
            "stream": stream, "status": {"code": 13, "name": text, "message": text},
            "payload": STANDARD.encode(text), "error": text,
        });
        recording.add(4, "response", 1, &response);
        let bytes = json!({"error": text, "payload": STANDARD.encode(text)});
        recording.add(5, "bytes", 1, &bytes);
        recording.add(6, "close", 1, &json!({"text": text}));
    }
    // White space between values is kept as it is written.
    let spaced = "{\"stream\":99,\r\"method\":\"Spaced\",\"service\":\"s\",\"payload\":\"\",\"message\":{\r\"a\":\r1}}";
    let start = format!(
        "{{\"time\":\"{}\",\"kind\":\"request\",\"connection\":1,",
        at(9)
    );
    recording
        .text
        .push_str(&format!("{start}{}\n", &spaced[1..]));
    let page = recording.page();
    // Nor does a terminal act on it.
    let text = fs::read_to_string(&page).unwrap();
    let acts = |c: &char| *c != '\n' && is_unprintable(*c);
    assert_eq!(text.chars().find(acts), None);
    browser.open(&page);
    browser.shows("#count", "7 of 7 calls, 24 other lines");
    assert_eq!(browser.text("#what"), HOSTILE[0]);
    // Every row is opened, by keys.
    browser.click("#rows .row:not([hidden])");
    browser.click("#list");
    browser.press(HOME);
    let mut opened = Vec::new();
    for _ in 0..31 {
        opened.push(browser.text("#detail"));
        browser.press(DOWN);
    }
    let all = opened.join("\n");
    for text in &HOSTILE[..5] {
        assert!(all.contains(text), "{text} is not in {all}");
    }
    assert!(all.contains(r"\u{202e}\x1b[2J\u{2028}\r\n\x00"), "{all}");
    browser.type_into("#text", "onerror=window");
    browser.shows("#count", "1 of 7 calls, 4 other lines");
    let found = browser.run(
        "return {taken: window.taken, polluted: ({}).isCall,
           scripts: document.scripts.length, foreign: document.querySelectorAll('img, iframe, a, link, object').length}",
    );
    let expected = json!({"taken": null, "polluted": null, "scripts": 1, "foreign": 0});
    assert_eq!(found, expected);
    assert_eq!(browser.errors(), Vec::<Value>::new());
}

#[test]
fn times_without_sense_are_no_harm() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let mut recording = Recording::new("proxy");
    recording.request(5, 1, "Early", &json!({}));
    // The last time that there is, the first one, and an answer before its request.
    for (time, stream, method) in [
        ("9999-12-31T23:59:59Z", 3, "Late"),
        ("1970-01-01T00:00:00Z", 5, "First"),
    ] {
        let request = json!({
            "time": time, "kind": "request", "connection": 1, "stream": stream,
            "service": "s", "method": method, "message": {},
        });
        recording.text.push_str(&format!("{request}\n"));
        recording.response(1, stream, 0, "OK", &json!({}));
    }
    browser.open(&recording.page());
    browser.shows("#count", "3 of 3 calls");
    let names: Vec<String> = rows(&browser)
        .iter()
        .map(|row| row.split('|').nth(2).unwrap().to_owned())
        .collect();
    assert_eq!(names, ["First", "Early", "Late"]);
    browser.click("#rows .row[aria-rowindex='4']");
    browser.shows("#detail h2", "Late");
    for _ in 0..60 {
        browser.click("#zoom-in");
    }
    browser.click("#zoom-all");
    browser.shows("#count", "3 of 3 calls");
    assert_eq!(browser.errors(), Vec::<Value>::new());
}

#[test]
fn the_page_asks_the_network_for_nothing_and_cannot() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    server.set_nonblocking(true).unwrap();
    let url = format!("http://{}", server.local_addr().unwrap());
    browser.open(&ten_thousand().page());
    browser.shows("#count", "10,000 of 10,000 calls");
    assert_eq!(
        browser.run("return performance.getEntriesByType('resource').length"),
        0
    );
    assert_eq!(browser.errors(), Vec::<Value>::new());
    // Even if a script of somebody else ran in it.
    let refused = browser.run(&format!(
        "const refused = [];
         document.addEventListener('securitypolicyviolation', (event) => refused.push(event.effectiveDirective));
         new Image().src = '{url}/a';
         document.head.append(Object.assign(document.createElement('script'), {{src: '{url}/b'}}));
         document.head.append(Object.assign(document.createElement('script'), {{text: 'window.taken = 1'}}));
         return fetch('{url}/c').then(() => 'fetched', () => new Promise((done) =>
           setTimeout(() => done([window.taken ?? 'no', ...new Set(refused)].sort()), 200)))"
    ));
    let expected = json!(["connect-src", "img-src", "no", "script-src-elem"]);
    assert_eq!(refused, expected);
    assert_eq!(server.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn the_keyboard_is_enough() {
    let Some(browser) = Browser::start() else {
        return;
    };
    browser.open(&ten_thousand().page());
    browser.shows("#count", "10,000 of 10,000 calls");
    browser.press("/");
    browser.press("container_id=c999");
    browser.shows("#count", "11 of 10,000 calls");
    // Into the table, to its second row, and open.
    browser.press(ENTER);
    browser.press(&[DOWN, DOWN, DOWN, UP, ENTER].concat());
    browser.shows("#detail h2", "StatsContainer");
    assert!(
        browser
            .text("#detail")
            .contains("\"container_id\": \"c9990\"")
    );
    let named = browser.run(
        "const list = document.getElementById('list');
         return document.getElementById(list.getAttribute('aria-activedescendant')).textContent",
    );
    assert!(
        named.as_str().unwrap().ends_with("container_id=c9990"),
        "{named}"
    );
    browser.press(DOWN);
    browser.shows("#detail h2", "ReadStdout");
    browser.press(ESCAPE);
    assert_eq!(browser.text("#detail"), "");
    assert_eq!(browser.run("return document.activeElement.id"), "list");
    // By Tab every control is reached, each once.
    let mut reached = Vec::new();
    browser.click("#text");
    for _ in 0..9 {
        browser.press("\u{e004}");
        let id = browser.run("const at = document.activeElement; return at.id || at.textContent");
        reached.push(id.as_str().unwrap().to_owned());
    }
    let expected = [
        "name",
        "state",
        "connection",
        "order",
        "Show all",
        "zoom-in",
        "zoom-out",
        "zoom-all",
        "list",
    ];
    assert_eq!(reached, expected);
}

#[test]
fn everything_has_a_name_and_can_be_read_in_light_and_dark() {
    let Some(browser) = Browser::start() else {
        return;
    };
    browser.open(&ten_thousand().page());
    browser.shows("#count", "10,000 of 10,000 calls");
    browser.click("#rows .row:not([hidden])");
    let tree = browser.control("Accessibility.getFullAXTree", &json!({}));
    let mut seen = Vec::new();
    for node in tree["nodes"].as_array().unwrap() {
        let role = node["role"]["value"].as_str().unwrap_or_default();
        if [
            "searchbox",
            "combobox",
            "button",
            "grid",
            "complementary",
            "region",
            "columnheader",
        ]
        .contains(&role)
        {
            let name = node["name"]["value"].as_str().unwrap_or_default();
            assert!(!name.is_empty(), "{node}");
            seen.push(role);
        }
    }
    for role in [
        "searchbox",
        "combobox",
        "button",
        "grid",
        "complementary",
        "region",
        "columnheader",
    ] {
        assert!(seen.contains(&role), "there is no {role}");
    }
    let mut grounds = Vec::new();
    for scheme in ["light", "dark"] {
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        browser.control("Emulation.setEmulatedMedia", &media);
        // How each text stands out, as WCAG 2 measures it.
        let found = browser.run(
            "const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
             const light = (colour) => {
               const [r, g, b] = channels(colour).map((c) => c / 255)
                 .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
               return 0.2126 * r + 0.7152 * g + 0.0722 * b;
             };
             const ground = (element) => {
               const colour = getComputedStyle(element).backgroundColor;
               return channels(colour)[3] === 0 ? ground(element.parentElement) : colour;
             };
             const low = [];
             let texts = 0;
             for (const element of document.querySelectorAll('body *')) {
               const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
               if (!hasText || !element.checkVisibility() || element.tagName === 'OPTION') continue;
               texts += 1;
               const [one, other] = [light(getComputedStyle(element).color), light(ground(element))];
               const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
               if (contrast < 4.5) low.push([element.outerHTML.slice(0, 100), contrast]);
             }
             return {low, texts, ground: ground(document.body)}",
        );
        assert_eq!(found["low"], json!([]), "{scheme}");
        assert!(found["texts"].as_i64().unwrap() > 50);
        grounds.push(found["ground"].clone());
    }
    assert_eq!(grounds, ["rgb(255, 255, 255)", "rgb(20, 23, 28)"]);
}

#[test]
fn an_empty_recording_is_a_page_too() {
    let Some(browser) = Browser::start() else {
        return;
    };
    browser.open(&Recording::new("nothing").page());
    browser.shows("#count", "0 of 0 calls");
    browser.click("#zoom-in");
    browser.click("#list");
    browser.press(&[DOWN, END, ENTER].concat());
    browser.shows("#count", "0 of 0 calls");
    assert_eq!(browser.errors(), Vec::<Value>::new());
}

#[test]
fn a_page_of_any_length_takes_constant_memory() {
    let recording = ten_thousand();
    let (first, rest) = recording.text.split_once('\n').unwrap();
    // 100 MB and more.
    let times = (100 << 20) / rest.len() + 1;
    let long = recording.folder.path().join("long");
    fs::write(&long, format!("{first}\n{}", rest.repeat(times))).unwrap();
    let shown = tool(["show", "-o", "html", long.to_str().unwrap()])
        .memory(32 << 20)
        .limit(Duration::from_secs(120))
        .run()
        .succeeded();
    let lines = shown.stdout.iter().filter(|byte| **byte == b'\n').count();
    assert!(lines > 10_000 * times, "{lines}");
}
