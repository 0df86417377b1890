//! The guest's network: between messages and the state, with the ways in which
//! the agent tells it.

use crate::call::Call;
use crate::protos::agent::{
    AddARPNeighborsRequest, Interfaces, ListInterfacesRequest, ListRoutesRequest, Routes,
    UpdateInterfaceRequest, UpdateRoutesRequest,
};
use crate::protos::empty::Empty;
use crate::protos::types::{self, IPFamily, Interface};
use crate::refusal::{internal, invalid, quoted};
use crate::state::network::{InterfaceUpdate, Network, NetworkError, Route, RouteUpdate};

use super::{done, pci};

/// Sets an interface up, and answers what it was asked for.
pub(crate) async fn update_interface(
    call: Call<'_>,
    request: UpdateInterfaceRequest,
) -> ttrpc::Result<Interface> {
    let Some(interface) = request.interface.into_option() else {
        return Err(invalid(quoted("empty update interface request")));
    };
    if !interface.devicePath.is_empty() {
        pci::check_place(&interface.devicePath).map_err(|reason| {
            let message = format!("Invalid PCI path for network interface: {reason}");
            internal(quoted(message))
        })?;
    }
    let addresses = interface.IPAddresses.iter();
    let update = InterfaceUpdate {
        name: &interface.name,
        mac: &interface.hwAddr,
        // What the agent hands to the kernel.
        mtu: u32::try_from(interface.mtu & u64::from(u32::MAX)).unwrap_or_default(),
        addresses: addresses
            .map(|each| (each.address.as_str(), each.mask.as_str()))
            .collect(),
    };
    let updated = call.sandbox().await.network.update_interface(&update);
    updated.map_err(|error| failed("update interface", &error))?;
    Ok(interface)
}

/// Adds routes, those to networks on a link before those through a gateway, and
/// answers all there are.
pub(crate) async fn update_routes(
    call: Call<'_>,
    request: UpdateRoutesRequest,
) -> ttrpc::Result<Routes> {
    let Some(routes) = request.routes.as_ref() else {
        return Err(invalid(quoted("empty update routes request")));
    };
    let update = |route| {
        let route: &types::Route = route;
        RouteUpdate {
            to: &route.dest,
            gateway: &route.gateway,
            device: &route.device,
            source: &route.source,
            // The agent takes the lowest byte of it.
            scope: route.scope & 0xff,
            is_ipv6: route.family == IPFamily::v6.into(),
            mtu: route.mtu,
        }
    };
    let mut updates: Vec<_> = routes.Routes.iter().map(update).collect();
    updates.sort_by_key(|update| !update.gateway.is_empty());
    let mut sandbox = call.sandbox().await;
    let updated = sandbox.network.update_routes(&updates);
    updated.map_err(|error| failed("Failed to update routes", &error))?;
    Ok(told(&sandbox.network))
}

/// Tells all interfaces. Of the families the agent tells the other one.
pub(crate) async fn list_interfaces(
    call: Call<'_>,
    _: ListInterfacesRequest,
) -> ttrpc::Result<Interfaces> {
    let mut response = Interfaces::new();
    for link in call.sandbox().await.network.links() {
        let mut interface = Interface::new();
        interface.name.clone_from(&link.name);
        interface.hwAddr = link.mac.to_string();
        interface.mtu = link.mtu.into();
        for subnet in &link.addresses {
            let mut address = types::IPAddress::new();
            address.family = match subnet.address.is_ipv6() {
                true => IPFamily::v4.into(),
                false => IPFamily::v6.into(),
            };
            address.address = subnet.address.to_string();
            address.mask = subnet.prefix.to_string();
            interface.IPAddresses.push(address);
        }
        response.Interfaces.push(interface);
    }
    Ok(response)
}

/// Tells all routes.
pub(crate) async fn list_routes(call: Call<'_>, _: ListRoutesRequest) -> ttrpc::Result<Routes> {
    Ok(told(&call.sandbox().await.network))
}

fn told(network: &Network) -> Routes {
    let mut response = Routes::new();
    for route in network.routes() {
        if let Some(to) = destination(route) {
            let mut told = types::Route::new();
            told.dest = to;
            if let Some(gateway) = route.gateway {
                told.gateway = gateway.to_string();
            }
            told.device.clone_from(&route.device);
            told.scope = route.scope;
            told.mtu = route.mtu;
            response.Routes.push(told);
        }
    }
    response
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

/// Adds neighbours, which nothing asks for.
pub(crate) async fn add_neighbours(
    call: Call<'_>,
    request: AddARPNeighborsRequest,
) -> ttrpc::Result<Empty> {
    let Some(neighbours) = request.neighbors.as_ref() else {
        return Err(invalid(quoted("empty add arp neighbours request")));
    };
    let sandbox = call.sandbox().await;
    for each in &neighbours.ARPNeighbors {
        let address = &each.toIPAddress.address;
        let checked = sandbox
            .network
            .check_neighbour(address, &each.device, &each.lladdr);
        checked.map_err(|error| failed("Failed to add ARP neighbours", &error))?;
    }
    done()
}

fn failed(what: &str, error: &NetworkError) -> ttrpc::Error {
    internal(quoted(format!("{what}: {error}")))
}
