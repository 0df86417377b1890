//! A command that takes a series of calls: all of them over one connection, one
//! after the other, and one answer printed. What is sent in pieces, and which
//! pieces there are, is the series' own to know.

use std::time::Instant;

use super::call::{decode, trace};
use super::stopwatch::Stopwatch;
use super::{Session, connected};
use crate::conveniences::{Pieces, Series};
use crate::duration;
use crate::error::Error;
use crate::log::say;
use crate::progress;
use crate::schema::{Reflect, Rpc};

/// What an answer says, and its bytes as they came.
type Answer = (Box<dyn Reflect>, Vec<u8>);

impl Session {
    /// Makes the calls of a series that begins with `message`, and prints the
    /// last answer. On a dry run the requests are printed instead.
    pub(super) fn series(
        &mut self,
        rpc: &'static Rpc,
        series: &dyn Series,
        message: Box<dyn Reflect>,
    ) -> Result<(), Error> {
        let mut pieces = series.start(message)?;
        let pieces = pieces.as_mut();
        if self.options.dry_run {
            return self.show_pieces(rpc, pieces);
        }
        if self.options.verbose {
            say(format_args!("> {}", rpc.path()));
            self.show_metadata();
        }
        let started = Instant::now();
        let mut time = self.stopwatch();
        let result = self.send_pieces(rpc, pieces, &mut time);
        self.answered(rpc, &time, &result);
        let answer = result.map_err(|error| self.explained(rpc, error))?;
        if let Some((answer, encoded)) = answer {
            self.print_answer(answer.as_ref(), &encoded)?;
        }
        if let Some(summary) = pieces.summary() {
            let time = duration::display(started.elapsed());
            say(format_args!("{summary} in {time}"));
        }
        Ok(())
    }

    fn show_pieces(&mut self, rpc: &'static Rpc, pieces: &mut dyn Pieces) -> Result<(), Error> {
        let format = self.options.format.of_requests();
        while let Some(piece) = pieces.next()? {
            let request = decode(rpc.request, piece.payload)?;
            self.print(format, request.as_ref())?;
        }
        Ok(())
    }

    /// Sends every piece; gives the last answer.
    fn send_pieces(
        &mut self,
        rpc: &'static Rpc,
        pieces: &mut dyn Pieces,
        time: &mut Stopwatch,
    ) -> Result<Option<Answer>, Error> {
        let client = connected(&mut self.client, &self.options, &self.patience, self.logger)?;
        let total = pieces.total();
        let is_shown = !self.options.verbose && total > 0;
        let progress = is_shown.then(|| progress::of_bytes(total));
        let mut last: Option<Answer> = None;
        while let Some(piece) = pieces.next()? {
            if let Some(title) = piece.begins.filter(|_| self.options.verbose) {
                say(format_args!("> {title}"));
            }
            trace(self.logger, "request", piece.payload);
            let wait = self.patience.call(self.options.timeout);
            let answer = client.call(&self.options.call_of(rpc, piece.payload));
            time.stop();
            drop(wait);
            let answer = answer.map_err(|error| Error::Piece {
                of: piece.of.to_owned(),
                offset: piece.offset,
                error: Box::new(error.into()),
            })?;
            trace(self.logger, "response", &answer);
            // Most say the same as the one before.
            if last.as_ref().is_none_or(|(_, last)| *last != answer) {
                let decoded = self.skew.decode(rpc, &answer, &self.options, self.logger)?;
                last = Some((decoded, answer));
            }
            if let Some(progress) = &progress {
                progress.inc(piece.length);
            }
        }
        Ok(last)
    }
}
