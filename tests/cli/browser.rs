//! A browser that a test drives as a user does: Chromium without a window, by the WebDriver
//! protocol (<https://www.w3.org/TR/webdriver2/>), of which this has the few commands needed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use test_support::is_installed;

/// How long a test waits for what it expects.
const LIMIT: Duration = Duration::from_secs(60);
/// How a browser tells which of its elements it means.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Keys as WebDriver names them.
pub(crate) const ENTER: &str = "\u{e007}";
pub(crate) const ESCAPE: &str = "\u{e00c}";
pub(crate) const END: &str = "\u{e010}";
pub(crate) const HOME: &str = "\u{e011}";
pub(crate) const UP: &str = "\u{e013}";
pub(crate) const DOWN: &str = "\u{e015}";

/// A browser with one page.
pub(crate) struct Browser {
    driver: Child,
    port: u16,
    session: String,
    _profile: TempDir,
}

impl Browser {
    /// Starts one, with nothing of its user's in it; none where it is not installed, in which
    /// case the test is skipped.
    pub(crate) fn start() -> Option<Browser> {
        if !is_installed("chromium") || !is_installed("chromedriver") {
            return None;
        }
        let profile = TempDir::with_prefix("browser").unwrap();
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .env("HOME", profile.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(driver.stdout.take().unwrap());
        let mut browser = Browser {
            driver,
            port: port_of(&mut said),
            session: String::new(),
            _profile: profile,
        };
        // What else it says is read, so that it never waits for that.
        thread::spawn(move || said.read_to_end(&mut Vec::new()));
        let data = browser._profile.path().join("data");
        let data = format!("--user-data-dir={}", data.display());
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1400,900",
            &data,
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
        }}});
        let made = browser.request("POST", "/session", Some(&wanted));
        let made = made.unwrap_or_else(|error| panic!("chromium does not start: {error}"));
        browser.session = made["sessionId"].as_str().unwrap().to_owned();
        Some(browser)
    }

    /// Opens a file.
    pub(crate) fn open(&self, file: &Path) {
        let url = format!("file://{}", file.display());
        self.command("POST", "/url", Some(&json!({"url": url})));
    }

    /// Runs a script in the page, as the body of a function, and gives what it returns.
    #[track_caller]
    pub(crate) fn run(&self, script: &str) -> Value {
        let script = json!({"script": script, "args": []});
        self.command("POST", "/execute/sync", Some(&script))
    }

    /// The same with a command of Chromium's own protocol.
    #[track_caller]
    pub(crate) fn control(&self, command: &str, parameters: &Value) -> Value {
        let body = json!({"cmd": command, "params": parameters});
        self.command("POST", "/goog/cdp/execute", Some(&body))
    }

    /// Clicks on the first element that a CSS selector finds, where a user sees it.
    #[track_caller]
    pub(crate) fn click(&self, selector: &str) {
        let path = format!("/element/{}/click", self.find(selector));
        self.command("POST", &path, Some(&json!({})));
    }

    /// Clicks on the option of a select that begins with this text.
    #[track_caller]
    pub(crate) fn select(&self, selector: &str, text: &str) {
        let options = format!("[...document.querySelector({selector:?}).options]");
        let index = self.run(&format!(
            "return {options}.findIndex((option) => option.text.startsWith({text:?}))"
        ));
        let index = index.as_i64().unwrap();
        assert!(index >= 0, "{selector} has no option {text:?}");
        self.click(&format!("{selector} > option:nth-child({})", index + 1));
    }

    /// Types into an element.
    #[track_caller]
    pub(crate) fn type_into(&self, selector: &str, text: &str) {
        let path = format!("/element/{}/value", self.find(selector));
        self.command("POST", &path, Some(&json!({"text": text})));
    }

    /// Presses keys, whatever has the focus.
    #[track_caller]
    pub(crate) fn press(&self, keys: &str) {
        let actions: Vec<Value> = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|type_| json!({"type": type_, "value": key})))
            .collect();
        let keyboard = json!({"actions": [{"type": "key", "id": "keyboard", "actions": actions}]});
        self.command("POST", "/actions", Some(&keyboard));
    }

    /// Moves the mouse to the first place, presses it there, and lets it go at the second one.
    #[track_caller]
    pub(crate) fn drag(&self, from: (i64, i64), to: (i64, i64)) {
        let mouse = json!({"actions": [{"type": "pointer", "id": "mouse", "actions": [
            {"type": "pointerMove", "x": from.0, "y": from.1},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerMove", "x": to.0, "y": to.1},
            {"type": "pointerUp", "button": 0},
        ]}]});
        self.command("POST", "/actions", Some(&mouse));
    }

    /// The text of the first element that a CSS selector finds, as a user sees it.
    #[track_caller]
    pub(crate) fn text(&self, selector: &str) -> String {
        let path = format!("/element/{}/text", self.find(selector));
        let text = self.command("GET", &path, None);
        text.as_str().unwrap().to_owned()
    }

    /// Waits until the element has this text.
    #[track_caller]
    pub(crate) fn shows(&self, selector: &str, expected: &str) {
        let end = Instant::now() + LIMIT;
        loop {
            let text = self.text(selector);
            if text == expected {
                return;
            }
            assert!(
                Instant::now() < end,
                "{selector}: {text:?}, not {expected:?}"
            );
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The errors of the page since the last time.
    #[track_caller]
    pub(crate) fn errors(&self) -> Vec<Value> {
        let log = self.command("POST", "/se/log", Some(&json!({"type": "browser"})));
        let mut log = log.as_array().unwrap().clone();
        log.retain(|entry| entry["level"] == "SEVERE");
        log
    }

    #[track_caller]
    fn find(&self, selector: &str) -> String {
        let by = json!({"using": "css selector", "value": selector});
        let found = self.command("POST", "/element", Some(&by));
        found[ELEMENT].as_str().unwrap().to_owned()
    }

    #[track_caller]
    fn command(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let whole = format!("/session/{}{path}", self.session);
        let answer = self.request(method, &whole, body);
        answer.unwrap_or_else(|error| {
            panic!("{method} {path} {}: {error}", body.unwrap_or(&Value::Null))
        })
    }

    /// One request to the driver, on a connection of its own.
    fn request(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, String> {
        let body = body.map_or(String::new(), Value::to_string);
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            answer.read_line(&mut line).unwrap();
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.is_empty() {
                break;
            }
        }
        let mut text = vec![0; length];
        answer.read_exact(&mut text).unwrap();
        let mut answer: Value = serde_json::from_slice(&text).unwrap();
        match answer["value"].take() {
            value if value["error"].is_string() => Err(value["message"].to_string()),
            value => Ok(value),
        }
    }
}

impl Drop for Browser {
    /// The driver ends the browser with its session.
    fn drop(&mut self) {
        if !self.session.is_empty() {
            let _ = self.request("DELETE", &format!("/session/{}", self.session), None);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// The port that the driver says it listens on.
fn port_of(said: &mut impl BufRead) -> u16 {
    let ready = "ChromeDriver was started successfully on port ";
    for line in said.lines() {
        let line = line.unwrap();
        if let Some(port) = line.strip_prefix(ready) {
            return port.trim_end_matches('.').parse().unwrap();
        }
    }
    panic!("chromedriver has ended before it listens");
}
