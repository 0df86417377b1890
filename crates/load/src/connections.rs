//! The connections of a load test: which of them has room for a call, what is in
//! flight on each, and making a lost one again.

use std::collections::VecDeque;
use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use agent_client::{Call, CallError, ConnectOptions, Multiplexer, interrupt};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use crate::tally::Failure;
use crate::{Options, StartError};

/// How long a connection that could not be made again stays away.
const PAUSE: Duration = Duration::from_millis(100);

/// How many connections one wait tells of.
const EVENTS: usize = 256;

/// A call that waits for its answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InFlight {
    /// Which command of the mix it is.
    pub(crate) command: usize,
    /// When it was due.
    pub(crate) due: Instant,
    /// When it began.
    pub(crate) began: Instant,
}

/// A call that is in flight, among those of all connections.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallId {
    slot: usize,
    /// How often the connection had been made when the call began.
    generation: u64,
    stream_id: u32,
}

/// All connections.
#[derive(Debug)]
pub(crate) struct Connections<'a> {
    options: &'a Options,
    epoll: Epoll,
    slots: Vec<Slot>,
    /// A connection's index for each call that it has room for.
    free: VecDeque<usize>,
    /// Since when there has been room.
    room_since: Instant,
    in_flight: usize,
}

/// A connection, or room for one that was lost.
#[derive(Debug)]
struct Slot {
    connection: Option<Multiplexer<InFlight>>,
    generation: u64,
    /// When to try to make it again.
    retry_at: Instant,
    watches_output: bool,
}

impl<'a> Connections<'a> {
    /// Makes all connections.
    pub(crate) fn connect(options: &'a Options) -> Result<Connections<'a>, StartError> {
        let watch = |error: nix::errno::Errno| StartError::Watch(io::Error::from(error));
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).map_err(watch)?;
        let mut made = Connections {
            options,
            epoll,
            slots: Vec::new(),
            free: VecDeque::new(),
            room_since: Instant::now(),
            in_flight: 0,
        };
        for index in 0..options.connections {
            let connection = Multiplexer::connect(&options.address, &options.connect)?;
            made.watch(&connection, index).map_err(watch)?;
            made.slots.push(Slot {
                connection: Some(connection),
                generation: 0,
                retry_at: Instant::now(),
                watches_output: false,
            });
        }
        // One call on each before a second one on any.
        for _ in 0..options.in_flight {
            made.free.extend(0..options.connections);
        }
        Ok(made)
    }

    fn watch(&self, connection: &Multiplexer<InFlight>, index: usize) -> nix::Result<()> {
        let event = EpollEvent::new(EpollFlags::EPOLLIN, index as u64);
        self.epoll.add(connection.as_fd(), event)
    }

    /// Lets the calls of each connection have stream IDs from this one on.
    #[cfg(test)]
    pub(crate) fn use_stream_ids_from(&mut self, stream_id: u32) {
        let connections = self
            .slots
            .iter_mut()
            .filter_map(|it| it.connection.as_mut());
        connections.for_each(|connection| connection.use_stream_ids_from(stream_id));
    }

    /// How many calls wait for their answers.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Whether there is room for a call.
    pub(crate) fn has_room(&self) -> bool {
        !self.free.is_empty()
    }

    /// Since when there has been room for a call, if there is.
    pub(crate) fn room_since(&self) -> Instant {
        self.room_since
    }

    /// Whether no connection is left.
    pub(crate) fn all_lost(&self) -> bool {
        self.slots.iter().all(|slot| slot.connection.is_none())
    }

    /// Begins a call where there is room for it.
    ///
    /// # Errors
    /// When there is none, or the request is over the limit.
    pub(crate) fn begin(&mut self, call: &Call<'_>, tag: InFlight) -> Result<CallId, CallError> {
        let index = self.free.pop_front().ok_or(CallError::Unusable)?;
        let slot = self.slots.get_mut(index).ok_or(CallError::Unusable)?;
        let connection = slot.connection.as_mut().ok_or(CallError::Unusable)?;
        match connection.start(call, tag) {
            Ok(stream_id) => {
                self.in_flight += 1;
                let place = CallId {
                    slot: index,
                    generation: slot.generation,
                    stream_id,
                };
                if !connection.is_usable() {
                    self.take_room(index);
                }
                Ok(place)
            }
            Err(error) => {
                self.free.push_back(index);
                Err(error)
            }
        }
    }

    /// Gives up a call that is still in flight.
    pub(crate) fn give_up(&mut self, call: CallId) -> Option<InFlight> {
        let slot = self.slots.get_mut(call.slot)?;
        if slot.generation != call.generation {
            return None;
        }
        let connection = slot.connection.as_mut()?;
        let tag = connection.give_up(call.stream_id)?;
        self.in_flight -= 1;
        match connection.is_usable() {
            true => self.note_room(call.slot),
            false => self.take_room(call.slot),
        }
        Some(tag)
    }

    fn note_room(&mut self, index: usize) {
        if self.free.is_empty() {
            self.room_since = Instant::now();
        }
        self.free.push_back(index);
    }

    fn take_room(&mut self, index: usize) {
        self.free.retain(|free| *free != index);
    }

    /// Sends what waits to be sent. Calls of connections that are lost go to `ended`.
    pub(crate) fn send(&mut self, mut ended: impl FnMut(InFlight, Failure)) {
        for index in 0..self.slots.len() {
            let Some(slot) = self.slots.get_mut(index) else {
                continue;
            };
            let Some(connection) = slot.connection.as_mut().filter(|it| it.is_sending()) else {
                continue;
            };
            if let Err(error) = connection.send() {
                self.lose(index, &error, &mut ended);
                continue;
            }
            let wants = connection.is_sending();
            if wants != slot.watches_output {
                let mut events = EpollFlags::EPOLLIN;
                events.set(EpollFlags::EPOLLOUT, wants);
                let mut event = EpollEvent::new(events, index as u64);
                // A watched descriptor can be changed; if not, the next turn tries again.
                if self.epoll.modify(connection.as_fd(), &mut event).is_ok() {
                    slot.watches_output = wants;
                }
            }
        }
    }

    /// Waits until something comes in or can be sent, `end`, or a signal; then
    /// reads what is there. Calls that have ended go to `ended`, with their answers if
    /// they have one. False after a signal.
    pub(crate) fn wait(
        &mut self,
        end: Instant,
        mut ended: impl FnMut(InFlight, Result<Vec<u8>, Failure>),
    ) -> bool {
        let mut events = [EpollEvent::empty(); EVENTS];
        let ready = match self.epoll.wait(&mut events, EpollTimeout::ZERO) {
            Ok(0) | Err(_) => {
                let watched = (self.epoll.0.as_fd(), nix::poll::PollFlags::POLLIN);
                match interrupt::wait(Some(watched), Some(end)) {
                    Err(interrupt::Stop::Interrupted) => return false,
                    Ok(()) => self
                        .epoll
                        .wait(&mut events, EpollTimeout::ZERO)
                        .unwrap_or(0),
                    Err(_) => 0,
                }
            }
            Ok(ready) => ready,
        };
        for event in events.iter().take(ready) {
            let index = usize::try_from(event.data()).unwrap_or(usize::MAX);
            self.receive(index, &mut ended);
        }
        !interrupt::is_raised()
    }

    fn receive(
        &mut self,
        index: usize,
        ended: &mut impl FnMut(InFlight, Result<Vec<u8>, Failure>),
    ) {
        let slot = self.slots.get_mut(index);
        let Some(connection) = slot.and_then(|slot| slot.connection.as_mut()) else {
            return;
        };
        let has_room = connection.is_usable();
        let (free, in_flight) = (&mut self.free, &mut self.in_flight);
        let room_since = &mut self.room_since;
        let result = connection.receive(|tag, answer| {
            *in_flight -= 1;
            if has_room {
                if free.is_empty() {
                    *room_since = Instant::now();
                }
                free.push_back(index);
            }
            ended(tag, answer.map_err(Failure::from));
        });
        if let Err(error) = result {
            self.lose(index, &error, &mut |tag, failure| ended(tag, Err(failure)));
        }
    }

    fn lose(&mut self, index: usize, error: &CallError, ended: &mut impl FnMut(InFlight, Failure)) {
        let Some(slot) = self.slots.get_mut(index) else {
            return;
        };
        let Some(connection) = slot.connection.take() else {
            return;
        };
        // Closing it ends the watch on it.
        for tag in connection.into_calls() {
            self.in_flight -= 1;
            ended(tag, Failure::Lost(error.to_string()));
        }
        slot.retry_at = Instant::now();
        slot.watches_output = false;
        self.take_room(index);
    }

    /// Makes connections again, as far as that goes at once: those that were lost, and those
    /// on which no more calls can be begun, once the last one there has ended.
    pub(crate) fn reconnect(&mut self, now: Instant) {
        for slot in &mut self.slots {
            let is_over = |it: &Multiplexer<_>| !it.is_usable() && it.in_flight() == 0;
            if slot.connection.as_ref().is_some_and(is_over) {
                slot.connection = None;
                slot.retry_at = now;
                slot.watches_output = false;
            }
        }
        for index in 0..self.slots.len() {
            let is_due = |slot: &Slot| slot.connection.is_none() && slot.retry_at <= now;
            if !self.slots.get(index).is_some_and(is_due) {
                continue;
            }
            let once = ConnectOptions {
                timeout: Duration::ZERO,
                ..self.options.connect
            };
            let made = Multiplexer::connect(&self.options.address, &once).ok();
            let made = made.filter(|connection| self.watch(connection, index).is_ok());
            let Some(slot) = self.slots.get_mut(index) else {
                continue;
            };
            slot.generation += 1;
            slot.retry_at = now + PAUSE;
            if made.is_some() {
                if self.free.is_empty() {
                    self.room_since = Instant::now();
                }
                let room = std::iter::repeat_n(index, self.options.in_flight);
                self.free.extend(room);
            }
            slot.connection = made;
        }
    }

    /// Ends all connections, and gives back the calls that were not answered.
    pub(crate) fn close(self) -> impl Iterator<Item = InFlight> {
        let connections = self.slots.into_iter().filter_map(|slot| slot.connection);
        connections.flat_map(Multiplexer::into_calls)
    }
}
