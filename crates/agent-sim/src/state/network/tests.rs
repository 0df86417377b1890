//! Changes of the network, and what the guest has after them.
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use super::*;

fn interface<'a>(name: &'a str, mac: &'a str, path: &'a str) -> InterfaceUpdate<'a> {
    InterfaceUpdate {
        name,
        mac,
        mtu: 1400,
        addresses: vec![("10.0.2.15", "24")],
        device_path: path,
    }
}

fn route<'a>(to: &'a str, gateway: &'a str, device: &'a str) -> RouteUpdate<'a> {
    RouteUpdate {
        to,
        gateway,
        device,
        source: "",
        scope: 0,
        is_ipv6: to.contains(':') || gateway.contains(':'),
        flags: 0,
        mtu: 0,
    }
}

fn links(network: &Network) -> Vec<String> {
    let line = |link: &Link| {
        let addresses: Vec<_> = link.addresses.iter().map(Subnet::to_string).collect();
        format!(
            "{} {} {} {}",
            link.name,
            link.mac,
            link.mtu,
            addresses.join(" ")
        )
    };
    network.links().iter().map(line).collect()
}

fn routes(network: &Network) -> Vec<String> {
    let line = |route: &Route| {
        let gateway = route
            .gateway
            .map_or(String::new(), |each| format!(" via {each}"));
        format!("{}{gateway} {}", route.to, route.device)
    };
    network.routes().map(line).collect()
}

const LO: &str = "lo 00:00:00:00:00:00 65536 127.0.0.1/8 ::1/128";
const MAC: &str = "52:54:00:12:34:56";

fn with_card() -> Network {
    let mut network = Network::default();
    network
        .update_interface(&interface("eth0", MAC, "02/00"))
        .unwrap();
    network
}

#[test]
fn a_card_is_plugged_in_set_up_and_set_up_anew() {
    let mut network = with_card();
    let card = "eth0 52:54:00:12:34:56 1400 10.0.2.15/24 fe80::5054:ff:fe12:3456/64";
    assert_eq!(links(&network), [LO, card]);
    assert_eq!(routes(&network), ["10.0.2.0/24 eth0", "fe80::/64 eth0"]);

    network
        .update_routes(&[route("", "10.0.2.2", "eth0")])
        .unwrap();
    let again = InterfaceUpdate {
        addresses: vec![("10.0.2.15", "24"), ("fd00::2", "64"), ("1.2.3.4", "32")],
        ..interface("net0", "52:54:0:12:34:56", "02/00")
    };
    network.update_interface(&again).unwrap();
    let card =
        "net0 52:54:00:12:34:56 1400 10.0.2.15/24 1.2.3.4/32 fd00::2/64 fe80::5054:ff:fe12:3456/64";
    assert_eq!(links(&network), [LO, card]);
    // Going down, it lost the route through its gateway.
    let connected = ["10.0.2.0/24 net0", "fd00::/64 net0", "fe80::/64 net0"];
    assert_eq!(routes(&network), connected);
}

#[test]
fn a_card_that_an_address_names_is_there() {
    let mut network = Network::default();
    for (name, mac) in [("eth0", MAC), ("eth1", "02:00:00:00:00:01"), ("eth0", MAC)] {
        network.update_interface(&interface(name, mac, "")).unwrap();
    }
    let links = links(&network);
    assert_eq!(links.len(), 3);
    assert!(links[1].starts_with("eth0 52:54:00:12:34:56 1400 10.0.2.15/24 "));
    assert!(links[2].starts_with("eth1 02:00:00:00:00:01 1400 10.0.2.15/24 "));
}

#[test]
fn names_are_exchanged() {
    let mut network = with_card();
    let other = "02:00:00:00:00:01";
    network
        .update_interface(&interface("x", other, "03/00"))
        .unwrap();
    network
        .update_interface(&interface("eth0", other, ""))
        .unwrap();
    let names: Vec<_> = links(&network)
        .iter()
        .map(|line| line[..10].to_owned())
        .collect();
    assert_eq!(names, ["lo 00:00:0", "x 52:54:00", "eth0 02:00"]);
    let mut all = routes(&network);
    all.sort();
    assert_eq!(
        all,
        [
            "10.0.2.0/24 eth0",
            "10.0.2.0/24 x",
            "fe80::/64 eth0",
            "fe80::/64 x"
        ]
    );
}

#[test]
fn an_interface_that_cannot_be_set_up() {
    let long = "n".repeat(16);
    for (update, message) in [
        (
            interface("eth0", "", ""),
            "Failed to parse MAC address: \n\nCaused by:\n    cannot parse integer from empty string",
        ),
        (
            interface("eth0", "1:2:3", ""),
            "Failed to parse MAC address: 1:2:3\n\nCaused by:\n    Invalid MAC address 1:2:3",
        ),
        (
            InterfaceUpdate {
                addresses: vec![("10.0.0", "8")],
                ..interface("eth0", MAC, "")
            },
            "invalid IP address syntax",
        ),
        (
            InterfaceUpdate {
                addresses: vec![("10.0.0.1", "33")],
                ..interface("eth0", MAC, "")
            },
            "invalid prefix",
        ),
        (
            InterfaceUpdate {
                addresses: vec![("10.0.0.1", "")],
                ..interface("eth0", MAC, "")
            },
            "cannot parse integer from empty string",
        ),
        (
            InterfaceUpdate {
                mtu: 0,
                ..interface("eth0", MAC, "")
            },
            "Failure in LinkSetRequest for interface eth0: Received a netlink error message \
             Invalid argument (os error 22)",
        ),
        (
            interface("a b", MAC, ""),
            "Failure in LinkSetRequest for interface a b: Received a netlink error message \
             Invalid argument (os error 22)",
        ),
        (
            interface(&long, MAC, ""),
            "Failure in LinkSetRequest for interface nnnnnnnnnnnnnnnn: Received a netlink error \
             message Numerical result out of range (os error 34)",
        ),
    ] {
        let error = with_card().update_interface(&update).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn routes_are_added_in_an_order_that_works_and_replaced() {
    let mut network = with_card();
    network
        .update_routes(&[
            route("", "10.9.0.1", "eth0"),
            route("10.9.0.0/16", "", "eth0"),
            route("fd01::/64", "fe80::1", "eth0"),
        ])
        .unwrap();
    let expected = [
        "10.0.2.0/24 eth0",
        "10.9.0.0/16 eth0",
        "0.0.0.0/0 via 10.9.0.1 eth0",
        "fe80::/64 eth0",
        "fd01::/64 via fe80::1 eth0",
    ];
    assert_eq!(routes(&network), expected);
    network
        .update_routes(&[route("0.0.0.0/0", "10.0.2.2", "eth0")])
        .unwrap();
    assert_eq!(routes(&network)[2], "0.0.0.0/0 via 10.0.2.2 eth0");
    assert_eq!(routes(&network).len(), expected.len());
}

#[test]
fn routes_that_cannot_be_added() {
    let refused = |to: &str, gateway: &str, reason: &str| {
        let family = if to.contains(':') { "v6" } else { "v4" };
        format!("Failed to add IP {family} route (src: , dst: {to}, gtw: {gateway},Err: {reason})")
    };
    for (update, message) in [
        (
            route("1.2.3.0/24", "", "eth7"),
            "Received a netlink error message No such device (os error 19)".to_owned(),
        ),
        (
            route("1.2.3/24", "", "eth0"),
            "invalid address: 1.2.3".to_owned(),
        ),
        (route("1.2.3.0/33", "", "eth0"), "invalid prefix".to_owned()),
        (
            route("1.2.3.0/2/3", "", "eth0"),
            "invalid cidr format: 1.2.3.0/2/3".to_owned(),
        ),
        (
            route("", "10.0.2", "eth0"),
            "invalid IPv4 address syntax".to_owned(),
        ),
        (
            route("1.2.3.4/24", "", "eth0"),
            refused("1.2.3.4/24", "", "Invalid argument (os error 22)"),
        ),
        (
            route("1.2.3.0/24", "9.9.9.9", "eth0"),
            refused(
                "1.2.3.0/24",
                "9.9.9.9",
                "Network is unreachable (os error 101)",
            ),
        ),
        (
            route("fd01::/64", "fd02::1", "eth0"),
            refused("fd01::/64", "fd02::1", "No route to host (os error 113)"),
        ),
    ] {
        let error = with_card().update_routes(&[update]).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
    let on_link = RouteUpdate {
        flags: 4,
        ..route("1.2.3.0/24", "9.9.9.9", "eth0")
    };
    with_card().update_routes(&[on_link]).unwrap();
    for (source, is_own) in [("10.0.2.15/0", true), ("10.0.2.16/0", false)] {
        let update = RouteUpdate {
            source,
            ..route("1.2.3.0/24", "", "eth0")
        };
        assert_eq!(with_card().update_routes(&[update]).is_ok(), is_own);
    }
}

#[test]
fn neighbours_are_added_and_replaced() {
    let mut network = with_card();
    let one = NeighbourUpdate {
        address: "10.0.2.2",
        device: "eth0",
        mac: "2:0:0:0:0:a",
        state: 0,
    };
    network.add_neighbours(&[one]).unwrap();
    assert_eq!(
        network.neighbours.lines(),
        ["10.0.2.2 eth0 02:00:00:00:00:0A 128"]
    );
    let other = NeighbourUpdate {
        mac: "",
        state: 2,
        ..one
    };
    network.add_neighbours(&[other]).unwrap();
    assert_eq!(network.neighbours.lines(), ["10.0.2.2 eth0 - 2"]);
    for (update, message) in [
        (
            NeighbourUpdate { address: "", ..one },
            "Failed to add ARP neighbor : Unable to determine ip address of ARP neighbor",
        ),
        (
            NeighbourUpdate {
                address: "x",
                ..one
            },
            "Failed to add ARP neighbor x: Failed to parse IP x: AddrParseError(Ip)",
        ),
        (
            NeighbourUpdate { device: "x", ..one },
            "Failed to add ARP neighbor 10.0.2.2: Received a netlink error message No such \
             device (os error 19)",
        ),
        (
            NeighbourUpdate { mac: "x", ..one },
            "Failed to add ARP neighbor 10.0.2.2: parsing lladdr\n\nCaused by:\n    \
             invalid digit found in string",
        ),
    ] {
        let error = network.add_neighbours(&[update]).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}
