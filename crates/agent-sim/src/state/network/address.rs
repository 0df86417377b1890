//! Addresses as the network has them: of network cards, and of hosts and
//! networks with a prefix length. Errors are those of the agent's libraries.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::error::NetworkError;

/// The address of a network card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Mac([u8; 6]);

impl Mac {
    /// Reads six hexadecimal numbers with `:` between them.
    pub(super) fn parse(text: &str) -> Result<Mac, NetworkError> {
        let mut parts = text.splitn(6, ':');
        let mut bytes = [0; 6];
        for byte in &mut bytes {
            let part = parts.next();
            let part = part.ok_or_else(|| NetworkError::ShortMac(text.to_owned()))?;
            *byte = u8::from_str_radix(part, 16)?;
        }
        Ok(Mac(bytes))
    }

    /// One for the network card of this number.
    pub(super) fn numbered(number: u32) -> Mac {
        let [a, b, c, d] = number.to_be_bytes();
        Mac([2, 0, a, b, c, d])
    }

    /// The address that a card gives itself on its link, see RFC 4291.
    pub(super) fn link_local(self) -> Network {
        let [a, b, c, d, e, f] = self.0;
        let pair = |high, low| u16::from_be_bytes([high, low]);
        let halves = [pair(a ^ 2, b), pair(c, 0xff), pair(0xfe, d), pair(e, f)];
        let [e, f, g, h] = halves;
        let address = IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, e, f, g, h));
        Network {
            address,
            prefix: 64,
        }
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, f] = self.0;
        write!(formatter, "{a:02X}:{b:02X}:{c:02X}:{d:02X}:{e:02X}:{f:02X}")
    }
}

/// An address with a prefix length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network {
    pub(crate) address: IpAddr,
    pub(crate) prefix: u8,
}

impl Network {
    /// An address and its prefix length, given apart.
    pub(super) fn of(address: &str, prefix: &str) -> Result<Network, NetworkError> {
        let address: IpAddr = address.parse()?;
        Network::new(address, prefix.parse()?)
    }

    fn new(address: IpAddr, prefix: u8) -> Result<Network, NetworkError> {
        if prefix > bits(address) {
            return Err(NetworkError::Prefix);
        }
        Ok(Network { address, prefix })
    }

    /// `address`, `address/prefix` or nothing, which is everywhere.
    pub(super) fn parse(text: &str, is_ipv6: bool) -> Result<Network, NetworkError> {
        if text.is_empty() {
            return Ok(Network::everywhere(is_ipv6));
        }
        let (address, prefix) = match text.split_once('/') {
            Some((_, rest)) if rest.contains('/') => {
                return Err(NetworkError::Cidr(text.to_owned()));
            }
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let parsed = match is_ipv6 {
            true => address.parse().map(IpAddr::V6),
            false => address.parse().map(IpAddr::V4),
        };
        let address = parsed.map_err(|_| NetworkError::Network(address.to_owned()))?;
        let prefix = match prefix {
            Some(prefix) => prefix.parse().map_err(|_| NetworkError::Prefix)?,
            None => bits(address),
        };
        Network::new(address, prefix)
    }

    /// The network of all addresses.
    pub(super) fn everywhere(is_ipv6: bool) -> Network {
        let address = match is_ipv6 {
            true => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
            false => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        };
        Network { address, prefix: 0 }
    }

    /// The network that the address is in.
    pub(super) fn start(self) -> Network {
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
        Network { address, ..self }
    }

    /// Whether an address is in this network.
    pub(super) fn contains(self, address: IpAddr) -> bool {
        let other = Network { address, ..self };
        self.address.is_ipv4() == address.is_ipv4() && other.start() == self.start()
    }

    /// Whether it is one address only.
    pub(super) fn is_host(self) -> bool {
        self.prefix == bits(self.address)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.address, self.prefix)
    }
}

fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}
