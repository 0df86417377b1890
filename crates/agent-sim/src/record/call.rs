//! One call on its way through the agent, to be recorded when it ends, however
//! that is: answered, left without an answer, or given up with the future that
//! handles it.

use std::time::{Duration, Instant, SystemTime};

use ttrpc::Code;
use ttrpc::asynchronous::TtrpcContext;

use agent_schema::{Reflect, Rpc};

use super::{Recorder, line};

/// When something came, for people and for measuring.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(super) time: SystemTime,
    instant: Instant,
}

impl Moment {
    /// This one.
    pub(crate) fn now() -> Moment {
        Moment {
            time: SystemTime::now(),
            instant: Instant::now(),
        }
    }
}

/// A request as it came.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(super) payload: &'a [u8],
    /// What the bytes say, or why they say nothing.
    pub(super) message: Result<&'a dyn Reflect, &'a str>,
}

/// How a call ended.
#[derive(Debug, Clone, Copy)]
pub(super) enum End<'a> {
    /// With an answer, or the end of a stream that was answered on the way.
    Answered(Result<Option<&'a [u8]>, &'a ttrpc::Error>),
    /// Without one, as a rule wants it.
    Unanswered,
    /// The client's deadline passed.
    TimedOut,
    /// The client went away, or the agent did.
    GivenUp,
}

/// A call that is recorded when it ends.
pub(crate) struct Call<'a> {
    recorder: &'a Recorder,
    pub(super) connection: u64,
    pub(super) rpc: &'static Rpc,
    pub(super) context: &'a TtrpcContext,
    pub(super) begun: Moment,
    pub(super) request: Option<Request<'a>>,
    pub(super) faults: Vec<&'static str>,
    ended: bool,
}

impl<'a> Call<'a> {
    /// A call that has begun on a connection. To be held until it ends.
    pub(crate) async fn begin(
        recorder: &'a Recorder,
        connection: u64,
        rpc: &'static Rpc,
        context: &'a TtrpcContext,
        begun: Moment,
    ) -> Call<'a> {
        recorder.room().await;
        Call {
            recorder,
            connection,
            rpc,
            context,
            begun,
            request: None,
            faults: Vec::new(),
            ended: false,
        }
    }

    /// Its only request: the bytes, and what they say or why they say nothing.
    pub(crate) fn asks(&mut self, payload: &'a [u8], message: Result<&'a dyn Reflect, &'a str>) {
        self.request = Some(Request { payload, message });
    }

    /// A rule of this kind was applied to it.
    pub(crate) fn fault(&mut self, kind: &'static str) {
        self.faults.push(kind);
    }

    /// Records one request of a stream, and the response to it if there is one
    /// for each. Returns when the line has gone out.
    pub(crate) async fn message(
        &self,
        payload: &[u8],
        message: Result<&dyn Reflect, &str>,
        response: Option<&[u8]>,
    ) {
        let request = Request { payload, message };
        let text = line::of_message(self, request, response, self.recorder.schema);
        let _ = self.recorder.send(text).await;
    }

    /// It has this answer, which is none for a stream that was answered on the
    /// way. Returns when its line has gone out, or when no line ever will: the
    /// answer comes after the line.
    pub(crate) async fn answered(mut self, answer: Result<Option<&[u8]>, &ttrpc::Error>) {
        let _ = self.record(End::Answered(answer)).await;
    }

    /// It gets no answer that says anything. Returns as [`Call::answered`] does.
    pub(crate) async fn unanswered(mut self) {
        let _ = self.record(End::Unanswered).await;
    }

    fn record(&mut self, end: End<'_>) -> tokio::sync::oneshot::Receiver<()> {
        self.ended = true;
        let text = line::of_call(self, end, self.duration(), self.recorder.schema);
        self.recorder.send(text)
    }

    fn duration(&self) -> Duration {
        self.begun.instant.elapsed()
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let limit = u64::try_from(self.context.timeout_nano).unwrap_or(0);
        let late = limit > 0 && self.duration() >= Duration::from_nanos(limit);
        // Nobody waits for the line.
        drop(self.record(if late { End::TimedOut } else { End::GivenUp }));
    }
}

/// The status that a call answers after its deadline, as the ttrpc crate does.
pub(super) const TIMED_OUT: (Code, &str) = (Code::DEADLINE_EXCEEDED, "timeout");
