//! The guest's network: between messages and the state, with the ways in which
//! the agent tells it.

use crate::fields;
use crate::refusal::{internal, invalid};
use crate::state::network::{
    InterfaceUpdate, NeighbourUpdate, Network, NetworkError, Route, RouteUpdate,
};
use agent_schema::Reflect;

use super::wording::quoted;
use super::{Answer, Context, Outcome, Row, pci};

pub(super) const ROWS: &[Row] = &[
    ("grpc.AgentService/UpdateInterface", update_interface),
    ("grpc.AgentService/UpdateRoutes", update_routes),
    ("grpc.AgentService/ListInterfaces", list_interfaces),
    ("grpc.AgentService/ListRoutes", list_routes),
    ("grpc.AgentService/AddARPNeighbors", add_arp_neighbors),
];

/// Sets an interface up, and answers what it was asked for.
fn update_interface(
    context: &mut Context<'_>,
    request: &dyn Reflect,
    response: &mut dyn Reflect,
) -> Answer {
    let Some(interface) = fields::message(request, "interface") else {
        return Err(invalid(quoted("empty update interface request")));
    };
    let address = |each| {
        (
            fields::string(each, "address"),
            fields::string(each, "mask"),
        )
    };
    let update = InterfaceUpdate {
        name: fields::string(interface, "name"),
        mac: fields::string(interface, "hwAddr"),
        mtu: low_32(interface, "mtu"),
        addresses: fields::messages(interface, "IPAddresses")
            .map(address)
            .collect(),
        device_path: fields::string(interface, "devicePath"),
    };
    if !update.device_path.is_empty() {
        pci::check_place(update.device_path).map_err(|reason| {
            let message = format!("Invalid PCI path for network interface: {reason}");
            internal(quoted(message))
        })?;
    }
    let updated = context.state.network.update_interface(&update);
    updated.map_err(|error| failed("update interface", &error))?;
    fields::copy(interface, response).map_err(internal)?;
    Ok(Outcome::Done)
}

/// Adds routes, and answers all there are.
fn update_routes(
    context: &mut Context<'_>,
    request: &dyn Reflect,
    response: &mut dyn Reflect,
) -> Answer {
    let Some(routes) = fields::message(request, "routes") else {
        return Err(invalid(quoted("empty update routes request")));
    };
    let update = |route| RouteUpdate {
        to: fields::string(route, "dest"),
        gateway: fields::string(route, "gateway"),
        device: fields::string(route, "device"),
        source: fields::string(route, "source"),
        scope: low_32(route, "scope"),
        is_ipv6: fields::integer(route, "family") == 1,
        flags: low_32(route, "flags"),
        mtu: low_32(route, "mtu"),
    };
    let updates: Vec<_> = fields::messages(routes, "Routes").map(update).collect();
    let updated = context.state.network.update_routes(&updates);
    updated.map_err(|error| failed("Failed to update routes", &error))?;
    tell_routes(&context.state.network, response);
    Ok(Outcome::Done)
}

/// Tells all interfaces. Of the families the agent tells the other one.
fn list_interfaces(
    context: &mut Context<'_>,
    _: &dyn Reflect,
    response: &mut dyn Reflect,
) -> Answer {
    for link in context.state.network.links() {
        let Some(interface) = fields::push_message(response, "Interfaces") else {
            break;
        };
        fields::set_string(interface, "name", &link.name);
        fields::set_string(interface, "hwAddr", &link.mac.to_string());
        fields::set_integer(interface, "mtu", link.mtu);
        for network in &link.addresses {
            if let Some(told) = fields::push_message(interface, "IPAddresses") {
                let family = if network.address.is_ipv6() {
                    "v4"
                } else {
                    "v6"
                };
                fields::set_enum(told, "family", family);
                fields::set_string(told, "address", &network.address.to_string());
                fields::set_string(told, "mask", &network.prefix.to_string());
            }
        }
    }
    Ok(Outcome::Done)
}

/// Tells all routes.
fn list_routes(context: &mut Context<'_>, _: &dyn Reflect, response: &mut dyn Reflect) -> Answer {
    tell_routes(&context.state.network, response);
    Ok(Outcome::Done)
}

fn tell_routes(network: &Network, response: &mut dyn Reflect) {
    for route in network.routes() {
        if let Some(to) = destination(route)
            && let Some(told) = fields::push_message(response, "Routes")
        {
            fields::set_string(told, "dest", &to);
            if let Some(gateway) = route.gateway {
                fields::set_string(told, "gateway", &gateway.to_string());
            }
            fields::set_string(told, "device", &route.device);
            fields::set_integer(told, "scope", route.scope);
            fields::set_integer(told, "mtu", route.mtu);
        }
    }
}

/// Where the agent says that a route leads: through a gateway, everywhere. It
/// leaves out what leads everywhere without one.
fn destination(route: &Route) -> Option<String> {
    match route.gateway {
        Some(gateway) if gateway.is_ipv4() => Some("0.0.0.0".to_owned()),
        Some(_) => Some("::1".to_owned()),
        None if route.to.prefix == 0 => None,
        None => Some(route.to.to_string()),
    }
}

/// Adds neighbours.
fn add_arp_neighbors(
    context: &mut Context<'_>,
    request: &dyn Reflect,
    _: &mut dyn Reflect,
) -> Answer {
    let Some(neighbours) = fields::message(request, "neighbors") else {
        return Err(invalid(quoted("empty add arp neighbours request")));
    };
    let update = |neighbour| NeighbourUpdate {
        address: fields::message(neighbour, "toIPAddress")
            .map_or("", |address| fields::string(address, "address")),
        device: fields::string(neighbour, "device"),
        mac: fields::string(neighbour, "lladdr"),
        state: u16::try_from(fields::integer(neighbour, "state") & 0xffff).unwrap_or_default(),
    };
    let updates: Vec<_> = fields::messages(neighbours, "ARPNeighbors")
        .map(update)
        .collect();
    let added = context.state.network.add_neighbours(&updates);
    added.map_err(|error| failed("Failed to add ARP neighbours", &error))?;
    Ok(Outcome::Done)
}

fn failed(what: &str, error: &NetworkError) -> ttrpc::Error {
    internal(quoted(format!("{what}: {error}")))
}

/// The 32 bits of a number that the agent hands to the kernel.
fn low_32(message: &dyn Reflect, name: &str) -> u32 {
    let number = fields::integer(message, name) & i128::from(u32::MAX);
    u32::try_from(number).unwrap_or_default()
}
