//! The guest's network as far as it can be listed: interfaces with their
//! addresses, and routes. It knows text and numbers, and no message.

use std::io;
use std::net::{AddrParseError, IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::ParseIntError;

use nix::errno::Errno;

/// How many of each a guest has at most, so that its memory is bounded.
const MOST: usize = 4096;
/// The kernel's largest packet on the loopback interface.
const LOOPBACK_MTU: u32 = 65_536;
/// The kernel's number for what is on the link itself.
const SCOPE_LINK: u32 = 253;

/// Why the network was not changed, as the agent and its libraries word it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NetworkError {
    /// The kernel refuses.
    #[error("Received a netlink error message {}", io::Error::from(*.0))]
    Kernel(Errno),
    /// No number where one has to be.
    #[error(transparent)]
    Number(#[from] ParseIntError),
    /// No address.
    #[error(transparent)]
    Address(#[from] AddrParseError),
    /// No address of a network card.
    #[error("Failed to parse MAC address: {0}")]
    Mac(String),
    /// A prefix length that the address has not room for.
    #[error("invalid prefix")]
    Prefix,
    /// No address with or without a prefix length.
    #[error("invalid address: {0}")]
    Network(String),
    /// An address that an interface does not take.
    #[error("Failed to add address {address}: {}", NetworkError::Kernel(*.error))]
    Added {
        /// The address.
        address: String,
        /// What the kernel says.
        error: Errno,
    },
    /// A neighbour without an address.
    #[error("Unable to determine ip address of ARP neighbor")]
    NoAddress,
    /// What is wrong with a neighbour.
    #[error("Failed to add ARP neighbor {0}: {1}")]
    Neighbour(String, Box<NetworkError>),
}

/// The address of a network card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Mac([u8; 6]);

impl Mac {
    fn parse(text: &str) -> Option<Mac> {
        let mut parts = text.split(':');
        let mut bytes = [0; 6];
        for byte in &mut bytes {
            *byte = u8::from_str_radix(parts.next()?, 16).ok()?;
        }
        parts.next().is_none().then_some(Mac(bytes))
    }
}

impl std::fmt::Display for Mac {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [a, b, c, d, e, f] = self.0;
        write!(formatter, "{a:02X}:{b:02X}:{c:02X}:{d:02X}:{e:02X}:{f:02X}")
    }
}

/// An address with a prefix length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Subnet {
    pub(crate) address: IpAddr,
    pub(crate) prefix: u8,
}

impl Subnet {
    fn new(address: IpAddr, prefix: u8) -> Result<Subnet, NetworkError> {
        match prefix <= bits(address) {
            true => Ok(Subnet { address, prefix }),
            false => Err(NetworkError::Prefix),
        }
    }

    /// `address`, `address/prefix` or nothing, which is everywhere.
    fn parse(text: &str, is_ipv6: bool) -> Result<Subnet, NetworkError> {
        let everywhere = match is_ipv6 {
            true => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
            false => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        };
        if text.is_empty() {
            return Subnet::new(everywhere, 0);
        }
        let (address, prefix) = text.split_once('/').unwrap_or((text, ""));
        let wrong = || NetworkError::Network(address.to_owned());
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        if address.is_ipv6() != is_ipv6 {
            return Err(wrong());
        }
        let prefix = match prefix {
            "" => bits(address),
            prefix => prefix.parse().map_err(|_| NetworkError::Prefix)?,
        };
        Subnet::new(address, prefix)
    }

    /// The network that the address is in.
    fn start(self) -> Subnet {
        let address = match self.address {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix));
                IpAddr::V4((u32::from(address) & mask.unwrap_or(0)).into())
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix));
                IpAddr::V6((u128::from(address) & mask.unwrap_or(0)).into())
            }
        };
        Subnet { address, ..self }
    }
}

impl std::fmt::Display for Subnet {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{}", self.address, self.prefix)
    }
}

fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// An interface.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) name: String,
    pub(crate) mac: Mac,
    /// The largest packet in bytes.
    pub(crate) mtu: u32,
    /// IPv4 before IPv6, each in the order in which they were added.
    pub(crate) addresses: Vec<Subnet>,
}

impl Link {
    /// Adds an address that it has not yet.
    fn add(&mut self, subnet: Subnet) {
        if !self.addresses.contains(&subnet) {
            self.addresses.push(subnet);
            self.addresses.sort_by_key(|each| each.address.is_ipv6());
        }
    }
}

/// An interface as a request has it.
#[derive(Debug, Clone)]
pub(crate) struct InterfaceUpdate<'a> {
    pub(crate) name: &'a str,
    pub(crate) mac: &'a str,
    pub(crate) mtu: u32,
    /// Address and prefix length.
    pub(crate) addresses: Vec<(&'a str, &'a str)>,
}

/// A route as a request has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RouteUpdate<'a> {
    pub(crate) to: &'a str,
    pub(crate) gateway: &'a str,
    pub(crate) device: &'a str,
    pub(crate) source: &'a str,
    pub(crate) scope: u32,
    pub(crate) is_ipv6: bool,
    pub(crate) mtu: u32,
}

/// A route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) to: Subnet,
    pub(crate) gateway: Option<IpAddr>,
    pub(crate) device: String,
    pub(crate) scope: u32,
    pub(crate) mtu: u32,
}

/// All of the network.
#[derive(Debug)]
pub(crate) struct Network {
    links: Vec<Link>,
    routes: Vec<Route>,
}

impl Default for Network {
    fn default() -> Network {
        let own = |address, prefix| Subnet { address, prefix };
        let loopback = Link {
            name: "lo".to_owned(),
            mac: Mac::default(),
            mtu: LOOPBACK_MTU,
            addresses: vec![
                own(IpAddr::V4(Ipv4Addr::LOCALHOST), 8),
                own(IpAddr::V6(Ipv6Addr::LOCALHOST), 128),
            ],
        };
        Network {
            links: vec![loopback],
            routes: Vec::new(),
        }
    }
}

impl Network {
    /// The interfaces in the order in which they came.
    pub(crate) fn links(&self) -> &[Link] {
        &self.links
    }

    /// The routes, those of IPv4 first.
    pub(crate) fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// Sets an interface up: the one with the card's address. A card that the
    /// guest does not have yet is plugged in: whoever asks has seen to that.
    ///
    /// # Errors
    /// When an address or the name is wrong, or there is no room.
    pub(crate) fn update_interface(
        &mut self,
        update: &InterfaceUpdate<'_>,
    ) -> Result<(), NetworkError> {
        let mac = Mac::parse(update.mac);
        let mac = mac.ok_or_else(|| NetworkError::Mac(update.mac.to_owned()))?;
        let named = self.links.iter().position(|link| link.mac == mac);
        let mut link = match named.and_then(|index| self.links.get(index)) {
            Some(link) => link.clone(),
            None if self.links.len() >= MOST => return Err(NetworkError::Kernel(Errno::ENOBUFS)),
            None => Link {
                name: self.free_name(),
                mac,
                mtu: 0,
                addresses: Vec::new(),
            },
        };
        let old = link.name.clone();
        for (address, prefix) in &update.addresses {
            let subnet = Subnet::new(address.parse()?, prefix.parse()?)?;
            let added = |error| NetworkError::Added {
                address: (*address).to_owned(),
                error,
            };
            if link.addresses.len() >= MOST {
                return Err(added(Errno::ENOBUFS));
            }
            // The network of the loopback interface's own address takes no others.
            let is_close = matches!(subnet.address, IpAddr::V4(v4) if v4.is_loopback());
            if mac == Mac::default() && is_close && !link.addresses.contains(&subnet) {
                return Err(added(Errno::EINVAL));
            }
            link.add(subnet);
        }
        // Without a name it keeps the one it has.
        if !update.name.is_empty() {
            update.name.clone_into(&mut link.name);
            self.swap_names(&old, update.name);
        }
        link.mtu = update.mtu;
        let connected = link.addresses.iter().filter(|_| mac != Mac::default());
        for subnet in connected.filter(|each| each.prefix < bits(each.address)) {
            let is_ipv4 = subnet.address.is_ipv4();
            let route = Route {
                to: subnet.start(),
                gateway: None,
                device: link.name.clone(),
                scope: if is_ipv4 { SCOPE_LINK } else { 0 },
                mtu: 0,
            };
            if !self.routes.contains(&route) {
                self.routes.push(route);
            }
        }
        self.routes.sort_by_key(|route| route.to.address.is_ipv6());
        match named.and_then(|index| self.links.get_mut(index)) {
            Some(known) => *known = link,
            None => self.links.push(link),
        }
        Ok(())
    }

    /// Gives an interface a name, and whichever had that name the first one's.
    fn swap_names(&mut self, old: &str, new: &str) {
        let links = self.links.iter_mut().map(|link| &mut link.name);
        let devices = self.routes.iter_mut().map(|route| &mut route.device);
        for name in links.chain(devices) {
            match name.as_str() {
                it if it == old => new.clone_into(name),
                it if it == new => old.clone_into(name),
                _ => {}
            }
        }
    }

    fn free_name(&self) -> String {
        let is_taken = |name: &String| self.links.iter().any(|link| link.name == *name);
        let mut names = (0..).map(|number| format!("eth{number}"));
        names.find(|name| !is_taken(name)).unwrap_or_default()
    }

    /// Adds routes, each instead of one to the same place.
    ///
    /// # Errors
    /// When an interface is not there, an address is wrong, or there is no room.
    pub(crate) fn update_routes(
        &mut self,
        updates: &[RouteUpdate<'_>],
    ) -> Result<(), NetworkError> {
        for update in updates {
            self.has_link(update.device)?;
            let to = Subnet::parse(update.to, update.is_ipv6)?;
            Subnet::parse(update.source, update.is_ipv6)?;
            let gateway = match update.gateway {
                "" => None,
                gateway => Some(gateway.parse()?),
            };
            let route = Route {
                to: to.start(),
                gateway,
                device: update.device.to_owned(),
                scope: if update.is_ipv6 { 0 } else { update.scope },
                mtu: update.mtu,
            };
            self.routes.retain(|old| old.to != route.to);
            if self.routes.len() >= MOST {
                return Err(NetworkError::Kernel(Errno::ENOBUFS));
            }
            self.routes.push(route);
        }
        self.routes.sort_by_key(|route| route.to.address.is_ipv6());
        Ok(())
    }

    /// Looks whether a host could be made known on an interface. Nothing asks for
    /// those that are.
    ///
    /// # Errors
    /// When its address is wrong, or the interface is not there.
    pub(crate) fn check_neighbour(
        &self,
        address: &str,
        device: &str,
        mac: &str,
    ) -> Result<(), NetworkError> {
        let check = || {
            if address.is_empty() {
                return Err(NetworkError::NoAddress);
            }
            address.parse::<IpAddr>()?;
            self.has_link(device)?;
            if !mac.is_empty() && Mac::parse(mac).is_none() {
                return Err(NetworkError::Mac(mac.to_owned()));
            }
            Ok(())
        };
        check().map_err(|error| NetworkError::Neighbour(address.to_owned(), Box::new(error)))
    }

    fn has_link(&self, name: &str) -> Result<(), NetworkError> {
        match self.links.iter().any(|link| link.name == name) {
            true => Ok(()),
            false => Err(NetworkError::Kernel(Errno::ENODEV)),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
mod tests {
    use super::*;

    const CARD: InterfaceUpdate<'_> = InterfaceUpdate {
        name: "eth0",
        mac: "02:00:00:00:00:01",
        mtu: 1500,
        addresses: Vec::new(),
    };

    fn routes(network: &Network) -> Vec<String> {
        let shown = |route: &Route| format!("{} {}", route.to, route.device);
        network.routes().iter().map(shown).collect()
    }

    #[test]
    fn a_card_is_found_by_its_address_and_keeps_its_routes_under_another_name() {
        let mut network = Network::default();
        let addresses = vec![("fd00::2", "64"), ("10.0.0.2", "24")];
        let first = InterfaceUpdate { addresses, ..CARD };
        network.update_interface(&first).unwrap();
        let second = InterfaceUpdate {
            name: "net1",
            ..CARD
        };
        network.update_interface(&second).unwrap();
        assert_eq!(network.links().len(), 2);
        assert_eq!(network.links()[1].name, "net1");
        assert_eq!(routes(&network), ["10.0.0.0/24 net1", "fd00::/64 net1"]);
        let nameless = InterfaceUpdate {
            name: "",
            mac: "02:00:00:00:00:02",
            ..CARD
        };
        network.update_interface(&nameless).unwrap();
        assert_eq!(network.links()[2].name, "eth0");
    }

    #[test]
    fn a_card_that_takes_the_name_of_another_one_leaves_it_its_own() {
        let mut network = Network::default();
        let addresses = vec![("10.0.0.2", "24")];
        network
            .update_interface(&InterfaceUpdate { addresses, ..CARD })
            .unwrap();
        let second = InterfaceUpdate {
            name: "eth1",
            mac: "02:00:00:00:00:02",
            addresses: vec![("10.1.0.2", "24")],
            ..CARD
        };
        network.update_interface(&second).unwrap();
        let renamed = InterfaceUpdate {
            name: "eth0",
            addresses: Vec::new(),
            ..second
        };
        network.update_interface(&renamed).unwrap();
        let names: Vec<_> = network.links().iter().map(|link| &link.name).collect();
        assert_eq!(names, ["lo", "eth1", "eth0"]);
        assert_eq!(routes(&network), ["10.0.0.0/24 eth1", "10.1.0.0/24 eth0"]);
    }

    #[test]
    fn a_route_takes_the_place_of_one_to_the_same_network() {
        let mut network = Network::default();
        network.update_interface(&CARD).unwrap();
        let route = RouteUpdate {
            to: "",
            gateway: "10.0.0.1",
            device: "eth0",
            source: "",
            scope: 0,
            is_ipv6: false,
            mtu: 0,
        };
        network.update_routes(&[route, route]).unwrap();
        assert_eq!(routes(&network), ["0.0.0.0/0 eth0"]);
        let wrong = RouteUpdate {
            to: "10.0.0.0/33",
            ..route
        };
        assert_eq!(network.update_routes(&[wrong]), Err(NetworkError::Prefix));
    }

    #[test]
    fn a_guest_is_bounded() {
        let mut network = Network::default();
        for number in 0..MOST {
            let mac = format!("02:00:00:00:{:02x}:{:02x}", number >> 8, number & 0xff);
            let update = InterfaceUpdate {
                name: &number.to_string(),
                mac: &mac,
                ..CARD
            };
            // The loopback interface is one of them.
            assert_eq!(network.update_interface(&update).is_ok(), number + 1 < MOST);
        }
    }
}
