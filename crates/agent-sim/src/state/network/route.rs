//! The routes of the guest's main table: those that come with an interface's
//! addresses, and those that were added.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use nix::errno::Errno;

use super::MOST;
use super::address::Network;
use super::error::NetworkError;
use super::link::Link;

/// The kernel's number for what is on the link itself.
const SCOPE_LINK: u32 = 253;
/// The kernel's flag for a next hop that is taken to be on the link.
const ON_LINK: u32 = 4;

/// A route as a request has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RouteUpdate<'a> {
    pub(crate) to: &'a str,
    pub(crate) gateway: &'a str,
    pub(crate) device: &'a str,
    pub(crate) source: &'a str,
    pub(crate) scope: u32,
    pub(crate) is_ipv6: bool,
    pub(crate) flags: u32,
    pub(crate) mtu: u32,
}

/// A route of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) to: Network,
    pub(crate) gateway: Option<IpAddr>,
    pub(crate) device: String,
    pub(crate) scope: u32,
    pub(crate) mtu: u32,
    /// Whether it came with an address, and not from a request.
    is_kernels: bool,
}

/// The table.
#[derive(Debug, Default)]
pub(super) struct Routes(Vec<Route>);

impl Routes {
    /// All routes, those of IPv4 first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Route> {
        let of = |is_ipv6: bool| move |route: &&Route| route.to.address.is_ipv6() == is_ipv6;
        let (first, second) = (self.0.iter(), self.0.iter());
        first.filter(of(false)).chain(second.filter(of(true)))
    }

    /// Forgets the routes through an interface that is going down.
    pub(super) fn forget(&mut self, device: &str) {
        self.0.retain(|route| route.device != device);
    }

    /// Tells the routes of an interface that it is called otherwise now.
    pub(super) fn rename(&mut self, from: &str, to: &str) {
        for route in self.0.iter_mut().filter(|route| route.device == from) {
            to.clone_into(&mut route.device);
        }
    }

    /// Adds what comes with the addresses of an interface that is up.
    pub(super) fn add_connected(&mut self, link: &Link) {
        if link.is_loopback() || !link.is_up {
            return;
        }
        let networks = link.addresses.iter().filter(|each| !each.is_host());
        for network in networks {
            let route = Route {
                to: network.start(),
                gateway: None,
                device: link.name.clone(),
                scope: if network.address.is_ipv4() {
                    SCOPE_LINK
                } else {
                    0
                },
                mtu: 0,
                is_kernels: true,
            };
            if !self.0.contains(&route) {
                self.0.push(route);
            }
        }
    }

    /// Adds a route through an interface, instead of one to the same place.
    pub(super) fn update(
        &mut self,
        update: &RouteUpdate<'_>,
        link: &Link,
        own: &[IpAddr],
    ) -> Result<(), NetworkError> {
        let to = Network::parse(update.to, update.is_ipv6)?;
        let source = match update.source {
            "" => None,
            source => Some(Network::parse(source, update.is_ipv6)?),
        };
        let gateway = match (update.gateway, update.is_ipv6) {
            ("", _) => None,
            (gateway, true) => Some(IpAddr::V6(gateway.parse::<Ipv6Addr>()?)),
            (gateway, false) => Some(IpAddr::V4(gateway.parse::<Ipv4Addr>()?)),
        };
        // The agent takes the lowest byte of it.
        let scope = if update.is_ipv6 {
            0
        } else {
            update.scope & 0xff
        };
        let checked = self.check(update, to, source, gateway, link, own);
        checked.map_err(|error| {
            let family = if update.is_ipv6 { "v6" } else { "v4" };
            NetworkError::Route {
                family,
                from: update.source.to_owned(),
                to: update.to.to_owned(),
                gateway: update.gateway.to_owned(),
                error,
            }
        })?;
        let route = Route {
            to: to.start(),
            gateway,
            device: link.name.clone(),
            scope,
            mtu: update.mtu,
            is_kernels: false,
        };
        // The kernel's own routes of IPv6 rank before these, beside them.
        let same = |old: &Route| old.to == route.to && (to.address.is_ipv4() || !old.is_kernels);
        match self.0.iter_mut().find(|old| same(old)) {
            Some(old) => *old = route,
            None => self.0.push(route),
        }
        Ok(())
    }

    /// What the kernel looks at before it takes a route.
    fn check(
        &self,
        update: &RouteUpdate<'_>,
        to: Network,
        source: Option<Network>,
        gateway: Option<IpAddr>,
        link: &Link,
        own: &[IpAddr],
    ) -> Result<(), Errno> {
        if to.address.is_ipv4() && to != to.start() {
            return Err(Errno::EINVAL);
        }
        if !link.is_up {
            return Err(Errno::ENETDOWN);
        }
        // Without a prefix it is the address to send from.
        if source.is_some_and(|source| source.prefix == 0 && !own.contains(&source.address)) {
            return Err(Errno::EINVAL);
        }
        if self.0.len() >= MOST {
            return Err(Errno::ENOBUFS);
        }
        let Some(gateway) = gateway else {
            return Ok(());
        };
        if gateway.is_ipv4() && update.scope & 0xff >= SCOPE_LINK {
            return Err(Errno::EINVAL);
        }
        let is_near = |route: &Route| {
            route.device == link.name && route.gateway.is_none() && route.to.contains(gateway)
        };
        if update.flags & ON_LINK != 0 || self.0.iter().any(is_near) {
            return Ok(());
        }
        Err(match gateway {
            IpAddr::V4(_) => Errno::ENETUNREACH,
            IpAddr::V6(_) => Errno::EHOSTUNREACH,
        })
    }
}
