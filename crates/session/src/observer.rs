//! Who is told of the calls of a run: what `-v` shows of them, and what is logged. The session
//! makes calls over a [`Channel`](super::channel::Channel), which tells its observers; none of
//! them changes what is sent or printed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use agent_report::progress::ProgressBar;

use agent_client::transport::Address;
use agent_client::{Call, status_name};
use agent_report::log::{Level, Logger};
use agent_report::progress;
use agent_request::conveniences::Piece;
use agent_schema::json::{self, Style};
use agent_schema::{Reflect, Schema};
use agent_text::duration;
use agent_text::{escape, hex};

/// Hears of calls as they are made.
pub(super) trait Observer: Send {
    /// A call is about to be made, or a stream opened: its request, or its first message.
    fn call(&mut self, _call: &Call<'_>, _message: &dyn Reflect) {}

    /// Something is to be said of that request.
    fn note(&mut self, _text: &str) {}

    /// Several calls are about to be made that are told of as one, to send so many bytes.
    /// Their requests follow.
    fn series(&mut self, _call: &Call<'_>, _total: u64) {}

    /// The next call of a series.
    fn piece(&mut self, _piece: &Piece<'_>) {}

    /// A connection was made.
    fn connected(&mut self, _address: &Address) {}

    /// A further message is about to be sent on a stream, which is `encoded` so.
    fn message(&mut self, _message: &dyn Reflect, _encoded: &[u8]) {}

    /// An answer came, encoded.
    fn answer(&mut self, _encoded: &[u8]) {}

    /// The call, the stream or the series is over, and what was answered is printed. `status`
    /// is the agent's status code, unless something else went wrong. `time` is how long it took
    /// to the last answer.
    fn end(&mut self, _method: &str, _status: Option<i32>, _time: Duration) {}
}

/// The observers of a run. A stream tells them from two threads.
#[derive(Clone, Default)]
pub struct Observers(Arc<Mutex<Vec<Box<dyn Observer>>>>);

impl Observers {
    /// Those that this run asks for: what is logged, and on standard error either all that
    /// `-v` shows or a bar where a command sends much.
    pub fn new(schema: &'static Schema, verbose: bool, logger: Logger) -> Self {
        let mut observers: Vec<Box<dyn Observer>> = Vec::new();
        if logger.shows(Level::Info) {
            observers.push(Box::new(CallLog { logger }));
        }
        match verbose {
            true => observers.push(Box::new(Verbose { schema, logger })),
            false => observers.push(Box::new(Bar::default())),
        }
        Observers(Arc::new(Mutex::new(observers)))
    }

    /// Tells each of them.
    pub(super) fn tell(&self, mut event: impl FnMut(&mut dyn Observer)) {
        let mut observers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for observer in observers.iter_mut() {
            event(observer.as_mut());
        }
    }
}

/// Shows requests, metadata and times: `-v`.
struct Verbose {
    schema: &'static Schema,
    logger: Logger,
}

impl Verbose {
    fn show_metadata(&self, call: &Call<'_>) {
        for (key, value) in call.metadata {
            let (key, value) = (escape::line(key), escape::line(value));
            self.logger.say(format_args!("> {key}: {value}"));
        }
    }

    /// Shows a message in one line.
    fn show(&self, message: &dyn Reflect) {
        let mut text = Vec::new();
        let style = Style {
            pretty: false,
            emit_defaults: false,
        };
        match json::write(message, self.schema, style, &mut text) {
            Ok(()) => self
                .logger
                .say(format_args!("> {}", String::from_utf8_lossy(&text))),
            Err(error) => self.logger.say(format_args!("> {error}")),
        }
    }
}

impl Observer for Verbose {
    fn call(&mut self, call: &Call<'_>, message: &dyn Reflect) {
        let (service, method, length) = (call.service, call.method, call.payload.len());
        self.logger
            .say(format_args!("> {service}/{method} ({length} bytes)"));
        self.show_metadata(call);
        self.show(message);
    }

    fn note(&mut self, text: &str) {
        self.logger.say(format_args!("> {text}"));
    }

    fn series(&mut self, call: &Call<'_>, _total: u64) {
        self.logger
            .say(format_args!("> {}/{}", call.service, call.method));
        self.show_metadata(call);
    }

    fn piece(&mut self, piece: &Piece<'_>) {
        if let Some(title) = piece.begins {
            self.logger.say(format_args!("> {title}"));
        }
    }

    fn message(&mut self, message: &dyn Reflect, _encoded: &[u8]) {
        self.show(message);
    }

    fn end(&mut self, _method: &str, status: Option<i32>, time: Duration) {
        if let Some(code) = status {
            let (status, time) = (status_text(code), duration::display(time));
            self.logger.say(format_args!("< {status} in {time}"));
        }
    }
}

/// Logs connections, answered calls and, at the level that asks for them, bytes: `-l`.
struct CallLog {
    logger: Logger,
}

impl CallLog {
    fn bytes(&self, what: &str, bytes: &[u8]) {
        if self.logger.shows(Level::Trace) {
            let digits = hex::digits(bytes);
            self.logger
                .log(Level::Trace, format_args!("{what}: {digits}"));
        }
    }
}

impl Observer for CallLog {
    fn call(&mut self, call: &Call<'_>, _message: &dyn Reflect) {
        self.bytes("request", call.payload);
    }

    fn piece(&mut self, piece: &Piece<'_>) {
        self.bytes("request", piece.payload);
    }

    fn connected(&mut self, address: &Address) {
        self.logger
            .log(Level::Debug, format_args!("connected to {address}"));
    }

    fn message(&mut self, _message: &dyn Reflect, encoded: &[u8]) {
        self.bytes("request", encoded);
    }

    fn answer(&mut self, encoded: &[u8]) {
        self.bytes("response", encoded);
    }

    fn end(&mut self, method: &str, status: Option<i32>, time: Duration) {
        if let Some(code) = status {
            let (status, time) = (status_text(code), duration::display(time));
            self.logger.log(
                Level::Info,
                format_args!("response received: {method} status={status} time={time}"),
            );
        }
    }
}

/// Shows a bar while a series of calls sends much.
#[derive(Default)]
struct Bar {
    bar: Option<ProgressBar>,
    /// Bytes of the piece that is on its way.
    sending: u64,
}

impl Observer for Bar {
    fn series(&mut self, _call: &Call<'_>, total: u64) {
        self.bar = (total > 0).then(|| progress::of_bytes(total));
    }

    fn piece(&mut self, piece: &Piece<'_>) {
        self.sending = piece.length;
    }

    fn answer(&mut self, _encoded: &[u8]) {
        if let Some(bar) = &self.bar {
            bar.inc(self.sending);
        }
    }

    fn end(&mut self, _method: &str, _status: Option<i32>, _time: Duration) {
        self.bar = None;
    }
}

/// A status code's name, or the bare number.
fn status_text(code: i32) -> String {
    status_name(code).map_or_else(|| code.to_string(), str::to_owned)
}
