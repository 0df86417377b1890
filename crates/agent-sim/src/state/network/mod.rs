//! The guest's network: interfaces, routes and neighbours, changed as the agent
//! has the kernel change them. It knows text and numbers, and no message.

mod address;
mod error;
mod link;
mod neighbours;
mod route;

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use nix::errno::Errno;

use self::address::{Mac, Network as Subnet};
use self::neighbours::Neighbours;
use self::route::Routes;

pub(crate) use error::NetworkError;
pub(crate) use link::Link;
pub(crate) use neighbours::NeighbourUpdate;
pub(crate) use route::{Route, RouteUpdate};

/// How many of each a guest has at most, so that its memory is bounded.
const MOST: usize = 4096;
/// The smallest packet that the kernel lets a network card be limited to.
const SMALLEST_MTU: u32 = 68;
/// The largest packet of a network card.
const LARGEST_MTU: u32 = 65_535;
/// How long an interface's name is at most.
const MOST_NAME: usize = 15;

/// An interface as a request has it.
#[derive(Debug, Clone)]
pub(crate) struct InterfaceUpdate<'a> {
    pub(crate) name: &'a str,
    pub(crate) mac: &'a str,
    pub(crate) mtu: u32,
    /// Address and prefix length.
    pub(crate) addresses: Vec<(&'a str, &'a str)>,
    /// Where on the PCI bus its card is; empty where its address alone names it.
    pub(crate) device_path: &'a str,
}

/// All of the network.
#[derive(Debug)]
pub(crate) struct Network {
    links: Vec<Link>,
    routes: Routes,
    neighbours: Neighbours,
    /// How many cards were plugged in.
    cards: u32,
}

impl Default for Network {
    fn default() -> Network {
        Network {
            links: vec![Link::loopback()],
            routes: Routes::default(),
            neighbours: Neighbours::default(),
            cards: 0,
        }
    }
}

impl Network {
    /// The interfaces in the order in which they came.
    pub(crate) fn links(&self) -> &[Link] {
        &self.links
    }

    /// The routes of the main table.
    pub(crate) fn routes(&self) -> impl Iterator<Item = &Route> {
        self.routes.iter()
    }

    /// Sets an interface up: the one with the card's address. A card that the
    /// guest does not have yet is plugged in: whoever asks has seen to that.
    pub(crate) fn update_interface(
        &mut self,
        update: &InterfaceUpdate<'_>,
    ) -> Result<(), NetworkError> {
        if !update.device_path.is_empty() {
            self.plug_in(update)?;
        }
        let parsed = Mac::parse(update.mac);
        let mac = parsed.map_err(|error| {
            error.causes(format!("Failed to parse MAC address: {}", update.mac))
        })?;
        let has_address = |link: &Link| link.mac == mac;
        if !self.links.iter().any(has_address) {
            self.plug_in(update)?;
        }
        let found = self.links.iter().position(has_address);
        let index = found.ok_or(NetworkError::Kernel(Errno::ENODEV))?;
        self.take_down(index)?;
        for (address, prefix) in &update.addresses {
            let network = Subnet::of(address, prefix)?;
            let link = self.link_mut(index)?;
            if link.addresses.len() >= MOST {
                let full = NetworkError::Kernel(Errno::ENOBUFS);
                return Err(full.in_step(format!("Failed to add address {address}")));
            }
            if !link.takes(&network) {
                let scope = NetworkError::Kernel(Errno::EINVAL);
                return Err(scope.in_step(format!("Failed to add address {address}")));
            }
            link.add(network);
        }
        self.rename(index, update.name)
            .and_then(|()| {
                let link = self.link_mut(index)?;
                let allowed = SMALLEST_MTU..=LARGEST_MTU;
                if !link.is_loopback() && !allowed.contains(&update.mtu) {
                    return Err(NetworkError::Kernel(Errno::EINVAL));
                }
                link.mtu = update.mtu;
                link.bring_up();
                Ok(())
            })
            .map_err(|error| {
                error.in_step(format!(
                    "Failure in LinkSetRequest for interface {}",
                    update.name
                ))
            })?;
        if let Some(link) = self.links.get(index) {
            self.routes.add_connected(link);
        }
        Ok(())
    }

    /// Adds routes, those to networks on a link before those through a gateway.
    pub(crate) fn update_routes(
        &mut self,
        updates: &[RouteUpdate<'_>],
    ) -> Result<(), NetworkError> {
        let own: Vec<IpAddr> = self
            .links
            .iter()
            .flat_map(|link| &link.addresses)
            .map(|network| network.address)
            .collect();
        let (near, far): (Vec<&RouteUpdate<'_>>, Vec<_>) =
            updates.iter().partition(|update| update.gateway.is_empty());
        for update in near.into_iter().chain(far) {
            let index = self.index(update.device)?;
            let Some(link) = self.links.get(index) else {
                return Err(NetworkError::Kernel(Errno::ENODEV));
            };
            self.routes.update(update, link, &own)?;
        }
        Ok(())
    }

    /// Adds neighbours, or replaces what is known of them.
    pub(crate) fn add_neighbours(
        &mut self,
        updates: &[NeighbourUpdate<'_>],
    ) -> Result<(), NetworkError> {
        for update in updates {
            let added = Neighbours::address(update).and_then(|address| {
                self.index(update.device)?;
                self.neighbours.add(address, update)
            });
            let step = format!("Failed to add ARP neighbor {}", update.address);
            added.map_err(|error| error.in_step(step))?;
        }
        Ok(())
    }

    /// The card of an update, which is plugged in unless it is there. It has
    /// the address that was asked for, if it is one.
    fn plug_in(&mut self, update: &InterfaceUpdate<'_>) -> Result<(), NetworkError> {
        let mac = Mac::parse(update.mac).ok();
        let there = |link: &&mut Link| {
            !update.device_path.is_empty() && link.device_path == update.device_path
        };
        if let Some(link) = self.links.iter_mut().find(there) {
            link.mac = mac.unwrap_or(link.mac);
            return Ok(());
        }
        if self.links.len() >= MOST {
            return Err(NetworkError::Kernel(Errno::ENOBUFS));
        }
        let mut free = (0..).map(|number| format!("eth{number}"));
        let taken = |name: &String| self.links.iter().any(|link| link.name == *name);
        let name = free.find(|name| !taken(name)).unwrap_or_default();
        let mac = mac.unwrap_or_else(|| Mac::numbered(self.cards));
        self.cards += 1;
        self.links.push(Link::card(name, mac, update.device_path));
        Ok(())
    }

    fn index(&self, name: &str) -> Result<usize, NetworkError> {
        let found = self.links.iter().position(|link| link.name == name);
        found.ok_or(NetworkError::Kernel(Errno::ENODEV))
    }

    fn link_mut(&mut self, index: usize) -> Result<&mut Link, NetworkError> {
        let link = self.links.get_mut(index);
        link.ok_or(NetworkError::Kernel(Errno::ENODEV))
    }

    fn take_down(&mut self, index: usize) -> Result<(), NetworkError> {
        let link = self.link_mut(index)?;
        if link.is_up {
            link.take_down();
            let name = link.name.clone();
            self.routes.forget(&name);
        }
        Ok(())
    }

    /// Gives an interface a name. One that has it gets the old name instead.
    fn rename(&mut self, index: usize, name: &str) -> Result<(), NetworkError> {
        let old = self.link_mut(index)?.name.clone();
        // Without a name it keeps the one it has.
        if name.is_empty() || name == old {
            return Ok(());
        }
        if name.len() > MOST_NAME {
            return Err(NetworkError::Kernel(Errno::ERANGE));
        }
        let is_wrong = |c: char| c == '/' || c == ':' || c.is_ascii_whitespace();
        if name.contains(is_wrong) || name == "." || name == ".." {
            return Err(NetworkError::Kernel(Errno::EINVAL));
        }
        if let Ok(other) = self.index(name) {
            // Renamed on its way to a name that is free, it loses its routes.
            self.take_down(other)?;
            self.name(other, name, "");
            self.name(index, &old, name);
            self.name(other, "", &old);
            self.link_mut(other)?.bring_up();
            if let Some(link) = self.links.get(other) {
                self.routes.add_connected(link);
            }
            return Ok(());
        }
        self.name(index, &old, name);
        Ok(())
    }

    fn name(&mut self, index: usize, from: &str, to: &str) {
        if let Some(link) = self.links.get_mut(index) {
            to.clone_into(&mut link.name);
        }
        self.routes.rename(from, to);
        self.neighbours.rename(from, to);
    }
}
