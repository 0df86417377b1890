//! The hosts that the guest knows on its links, by their address.

use std::collections::BTreeMap;
use std::net::IpAddr;

use nix::errno::Errno;

use super::MOST;
use super::address::Mac;
use super::error::NetworkError;

/// The kernel's number for an entry that stays.
const PERMANENT: u16 = 0x80;

/// A neighbour as a request has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NeighbourUpdate<'a> {
    pub(crate) address: &'a str,
    pub(crate) device: &'a str,
    pub(crate) mac: &'a str,
    /// The kernel's state; 0 is a permanent entry.
    pub(crate) state: u16,
}

/// What is known of a neighbour.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Neighbour {
    mac: Option<Mac>,
    state: u16,
}

/// All neighbours, by interface and address.
#[derive(Debug, Default)]
pub(super) struct Neighbours(BTreeMap<(String, IpAddr), Neighbour>);

impl Neighbours {
    /// The address of a neighbour as a request has it.
    pub(super) fn address(update: &NeighbourUpdate<'_>) -> Result<IpAddr, NetworkError> {
        let text = update.address;
        if text.is_empty() {
            return Err(NetworkError::NoAddress);
        }
        let wrong = |error| NetworkError::NeighbourAddress(text.to_owned(), error);
        text.parse().map_err(wrong)
    }

    /// Adds a neighbour, or replaces what is known of it.
    pub(super) fn add(
        &mut self,
        address: IpAddr,
        update: &NeighbourUpdate<'_>,
    ) -> Result<(), NetworkError> {
        let mac = match update.mac {
            "" => None,
            mac => Some(Mac::parse(mac).map_err(|error| error.causes("parsing lladdr"))?),
        };
        let key = (update.device.to_owned(), address);
        if self.0.len() >= MOST && !self.0.contains_key(&key) {
            let full = NetworkError::Kernel(Errno::ENOBUFS);
            return Err(full.causes("executing NeighbourAddRequest"));
        }
        let state = match update.state {
            0 => PERMANENT,
            state => state,
        };
        self.0.insert(key, Neighbour { mac, state });
        Ok(())
    }

    /// Tells the neighbours on an interface that it is called otherwise now.
    pub(super) fn rename(&mut self, from: &str, to: &str) {
        let all = std::mem::take(&mut self.0);
        let renamed = |device: String| {
            if device == from {
                to.to_owned()
            } else {
                device
            }
        };
        let all = all.into_iter();
        self.0 = all
            .map(|((device, address), known)| ((renamed(device), address), known))
            .collect();
    }

    /// Neighbours as text, for tests.
    #[cfg(test)]
    pub(super) fn lines(&self) -> Vec<String> {
        let entries = self.0.iter();
        let line = |((device, address), known): (&(String, IpAddr), &Neighbour)| {
            let mac = known.mac.map_or("-".to_owned(), |mac| mac.to_string());
            format!("{address} {device} {mac} {}", known.state)
        };
        entries.map(line).collect()
    }
}
