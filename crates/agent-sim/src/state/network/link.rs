//! One network interface of the guest.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::address::{Mac, Network};

/// The kernel's largest packet on the loopback interface.
const LOOPBACK_MTU: u32 = 65_536;
/// The largest packet of a network card that nobody has set up.
const ETHERNET_MTU: u32 = 1500;

/// An interface.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) name: String,
    pub(crate) mac: Mac,
    /// The largest packet in bytes.
    pub(crate) mtu: u32,
    /// IPv4 before IPv6, each in the order in which they were added.
    pub(crate) addresses: Vec<Network>,
    pub(super) is_up: bool,
    /// Where on the PCI bus the card is; empty for what is no card.
    pub(super) device_path: String,
}

impl Link {
    /// The interface that every guest has.
    pub(super) fn loopback() -> Link {
        let mut link = Link {
            name: "lo".to_owned(),
            mac: Mac::default(),
            mtu: LOOPBACK_MTU,
            addresses: Vec::new(),
            is_up: false,
            device_path: String::new(),
        };
        link.add(Network {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            prefix: 8,
        });
        link.bring_up();
        link
    }

    /// A network card that was just plugged in.
    pub(super) fn card(name: String, mac: Mac, device_path: &str) -> Link {
        Link {
            name,
            mac,
            mtu: ETHERNET_MTU,
            addresses: Vec::new(),
            is_up: false,
            device_path: device_path.to_owned(),
        }
    }

    pub(super) fn is_loopback(&self) -> bool {
        self.mac == Mac::default()
    }

    /// Whether an address can be added: the loopback interface's own is for this
    /// machine alone, and its network takes no others that are for everybody.
    pub(super) fn takes(&self, network: &Network) -> bool {
        let own = |each: &Network| {
            each.address == IpAddr::V4(Ipv4Addr::LOCALHOST) && each.prefix == network.prefix
        };
        let is_close = matches!(network.address, IpAddr::V4(address) if address.is_loopback());
        !(self.is_loopback() && is_close && self.addresses.iter().any(own))
            || self.addresses.contains(network)
    }

    /// Adds an address that it has not yet.
    pub(super) fn add(&mut self, network: Network) {
        if !self.addresses.contains(&network) {
            self.addresses.push(network);
            self.addresses.sort_by_key(|each| each.address.is_ipv6());
        }
    }

    /// Takes it down: the kernel forgets its addresses of IPv6.
    pub(super) fn take_down(&mut self) {
        self.is_up = false;
        self.addresses.retain(|each| each.address.is_ipv4());
    }

    /// Brings it up: it gives itself an address of IPv6.
    pub(super) fn bring_up(&mut self) {
        self.is_up = true;
        self.add(match self.is_loopback() {
            true => Network {
                address: IpAddr::V6(Ipv6Addr::LOCALHOST),
                prefix: 128,
            },
            false => self.mac.link_local(),
        });
    }
}
