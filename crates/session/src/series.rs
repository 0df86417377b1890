//! A command that takes a series of calls: all of them over one connection, one after the
//! other, and one answer printed. The series itself knows what is sent in which pieces.

use std::time::Instant;

use super::Session;
use super::call::decode;
use agent_report::error::Error;
use agent_request::conveniences::{Copying, FileCopy};
use agent_schema::{Reflect, Rpc};
use agent_text::duration;

/// What an answer says, and its bytes as they came.
type Answer = (Box<dyn Reflect>, Vec<u8>);

impl Session {
    /// Makes the calls of a series that begins with `message`, and prints the
    /// last answer. On a dry run the requests are printed instead.
    pub(super) fn series(
        &mut self,
        rpc: &'static Rpc,
        series: &FileCopy,
        message: Box<dyn Reflect>,
    ) -> Result<(), Error> {
        let pieces = &mut series.start(message)?;
        if self.options.settings.dry_run {
            return self.show_pieces(rpc, pieces);
        }
        let started = Instant::now();
        let result = self.send_pieces(rpc, pieces);
        self.channel.end(rpc, &result);
        let answer = result.map_err(|error| self.explained(rpc, error))?;
        if let Some((answer, encoded)) = answer {
            self.print_answer(answer.as_ref(), &encoded)?;
        }
        if let Some(summary) = pieces.summary() {
            let time = duration::display(started.elapsed());
            self.logger.say(format_args!("{summary} in {time}"));
        }
        Ok(())
    }

    fn show_pieces(&mut self, rpc: &'static Rpc, pieces: &mut Copying) -> Result<(), Error> {
        while let Some(piece) = pieces.next()? {
            let request = decode(rpc.request, piece.payload)?;
            self.print_request(request.as_ref())?;
        }
        Ok(())
    }

    /// Sends every piece; gives the last answer.
    fn send_pieces(
        &mut self,
        rpc: &'static Rpc,
        pieces: &mut Copying,
    ) -> Result<Option<Answer>, Error> {
        let call = self.options.settings.calls.call_of(rpc, &[]);
        self.channel
            .begin_series(&self.options.settings.calls, &call, pieces.total())?;
        let mut last = None;
        while let Some(piece) = pieces.next()? {
            let call = self.options.settings.calls.call_of(rpc, piece.payload);
            let answer = self.channel.piece(&call, &piece);
            let answer = answer.map_err(|error| {
                Error::from(error).within(format_args!("{:?} at offset {}", piece.of, piece.offset))
            })?;
            let verbose = self.options.verbose;
            let decoded = self
                .skew
                .decode(self.schema, rpc, &answer, verbose, self.logger)?;
            last = Some((decoded, answer));
        }
        Ok(last)
    }
}
