//! Metrics in the text format of Prometheus, under the names that the agent has
//! for them: of this process, which is the agent, and of this machine, which is
//! the guest. Those about CPU time, disks, file systems and virtual memory are
//! left out.

use std::fmt::Write;

use crate::fields;
use crate::host::Host;
use agent_schema::Reflect;

use super::{Answer, Context, Outcome, Row};

pub(super) const ROWS: &[Row] = &[("grpc.AgentService/GetMetrics", get_metrics)];

/// Bytes in a unit of `/proc/meminfo`.
const KIB: u64 = 1024;

/// Items of `kata_guest_meminfo`, and what the kernel calls them.
const MEMORY: [(&str, &str); 12] = [
    ("active", "Active"),
    ("anon_pages", "AnonPages"),
    ("buffers", "Buffers"),
    ("cached", "Cached"),
    ("dirty", "Dirty"),
    ("inactive", "Inactive"),
    ("mem_available", "MemAvailable"),
    ("mem_free", "MemFree"),
    ("mem_total", "MemTotal"),
    ("slab", "Slab"),
    ("swap_free", "SwapFree"),
    ("swap_total", "SwapTotal"),
];

/// Items of `kata_guest_netdev_stat`, in the order of the kernel's columns.
const NETWORK: [&str; 16] = [
    "recv_bytes",
    "recv_packets",
    "recv_errs",
    "recv_drop",
    "recv_fifo",
    "recv_frame",
    "recv_compressed",
    "recv_multicast",
    "sent_bytes",
    "sent_packets",
    "sent_errs",
    "sent_drop",
    "sent_fifo",
    "sent_colls",
    "sent_carrier",
    "sent_compressed",
];

/// Tells what can be read; how often it was asked is counted.
fn get_metrics(context: &mut Context<'_>, _: &dyn Reflect, response: &mut dyn Reflect) -> Answer {
    context.state.scrapes += 1;
    let mut text = Text::default();
    agent(&mut text, context.host, context.state.scrapes);
    guest(&mut text, context.host);
    fields::set_string(response, "metrics", &text.0);
    Ok(Outcome::Done)
}

fn agent(text: &mut Text, host: &Host, scrapes: u64) {
    if let Some(io) = host.read("proc/self/io") {
        let samples = pairs(&io).map(|(name, value)| (item(name), value));
        text.gauge(
            "kata_agent_io_stat",
            "Input and output of the agent",
            samples,
        );
    }
    text.family(
        "kata_agent_scrape_count",
        "counter",
        "How often the metrics were asked for",
        [(String::new(), scrapes)],
    );
    let Some(status) = host.read("proc/self/status") else {
        return;
    };
    let amounts = pairs(&status).filter(|(name, _)| name.starts_with(['V', 'R']));
    let samples = amounts.map(|(name, value)| (item(&name.to_lowercase()), value));
    text.gauge(
        "kata_agent_proc_status",
        "Memory of the agent in KiB",
        samples,
    );
    let single = |name, unit| {
        let found = pairs(&status).find(|(other, _)| *other == name);
        found.map(|(_, value)| (String::new(), value * unit))
    };
    for (metric, help, name, unit) in [
        ("kata_agent_threads", "Threads of the agent", "Threads", 1),
        (
            "kata_agent_total_rss",
            "Bytes of it in memory",
            "VmRSS",
            KIB,
        ),
        (
            "kata_agent_total_vm",
            "Bytes of its addresses",
            "VmSize",
            KIB,
        ),
    ] {
        text.gauge(metric, help, single(name, unit));
    }
}

fn guest(text: &mut Text, host: &Host) {
    if let Some(load) = host.read("proc/loadavg") {
        let loads = ["load1", "load5", "load15"].map(item);
        let samples = loads.into_iter().zip(load.split_whitespace());
        text.gauge("kata_guest_load", "Load of the guest", samples);
        let tasks = load.split_whitespace().nth(3);
        let tasks = tasks.and_then(|tasks| tasks.split_once('/'));
        let samples = tasks.map(|(now, all)| [(item("cur"), now), (item("max"), all)]);
        text.gauge(
            "kata_guest_tasks",
            "Tasks of the guest that run, and all of them",
            samples.into_iter().flatten(),
        );
    }
    if let Some(memory) = host.read("proc/meminfo") {
        let of = |name| pairs(&memory).find(|(other, _)| *other == name);
        let samples = MEMORY.iter().filter_map(|(label, name)| {
            let (_, value) = of(*name)?;
            Some((item(label), value * KIB))
        });
        text.gauge(
            "kata_guest_meminfo",
            "Memory of the guest in bytes",
            samples,
        );
    }
    if let Some(devices) = host.read("proc/net/dev") {
        let rows = devices.lines().filter_map(|line| line.split_once(':'));
        let samples = rows.flat_map(|(name, values)| {
            let label = move |item| format!("{{interface={:?},item=\"{item}\"}}", name.trim());
            NETWORK.iter().map(label).zip(values.split_whitespace())
        });
        text.gauge(
            "kata_guest_netdev_stat",
            "Network devices of the guest",
            samples,
        );
    }
}

/// Lines of a name, a colon and a number.
fn pairs(text: &str) -> impl Iterator<Item = (&str, u64)> {
    text.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        let number = value.split_whitespace().next()?;
        Some((name, number.parse().ok()?))
    })
}

fn item(name: &str) -> String {
    format!("{{item={name:?}}}")
}

/// The text as it grows.
#[derive(Default)]
struct Text(String);

impl Text {
    fn gauge<T: ToString>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (String, T)>,
    ) {
        self.family(name, "gauge", help, samples);
    }

    /// Samples, each with its labels; without any there is no family.
    fn family<T: ToString>(
        &mut self,
        name: &str,
        kind: &str,
        help: &str,
        samples: impl IntoIterator<Item = (String, T)>,
    ) {
        let mut samples = samples.into_iter().peekable();
        if samples.peek().is_none() {
            return;
        }
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in samples {
            let _ = writeln!(self.0, "{name}{labels} {}", value.to_string());
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn metrics_are_what_the_machine_tells_and_what_it_does_not_is_left_out() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join("proc").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("self/io", "rchar: 7\nwchar: 8\n");
        write("self/status", "Name:\tx\nVmRSS:\t  3 kB\nThreads:\t2\n");
        write("loadavg", "0.50 0.25 0.00 3/99 1234\n");
        write("meminfo", "MemTotal:  4 kB\nMemFree:  1 kB\n");
        write("net/dev", "Inter-|  x\n face |bytes\n  lo: 1 2\n");
        let host = Host::below(root.path());
        let mut text = Text::default();
        agent(&mut text, &host, 5);
        guest(&mut text, &host);
        let samples: Vec<_> = text
            .0
            .lines()
            .filter(|line| !line.starts_with('#'))
            .collect();
        assert_eq!(
            samples,
            [
                "kata_agent_io_stat{item=\"rchar\"} 7",
                "kata_agent_io_stat{item=\"wchar\"} 8",
                "kata_agent_scrape_count 5",
                "kata_agent_proc_status{item=\"vmrss\"} 3",
                "kata_agent_threads 2",
                "kata_agent_total_rss 3072",
                "kata_guest_load{item=\"load1\"} 0.50",
                "kata_guest_load{item=\"load5\"} 0.25",
                "kata_guest_load{item=\"load15\"} 0.00",
                "kata_guest_tasks{item=\"cur\"} 3",
                "kata_guest_tasks{item=\"max\"} 99",
                "kata_guest_meminfo{item=\"mem_free\"} 1024",
                "kata_guest_meminfo{item=\"mem_total\"} 4096",
                "kata_guest_netdev_stat{interface=\"lo\",item=\"recv_bytes\"} 1",
                "kata_guest_netdev_stat{interface=\"lo\",item=\"recv_packets\"} 2",
            ]
        );
        assert!(text.0.starts_with(
            "# HELP kata_agent_io_stat Input and output of the agent\n\
             # TYPE kata_agent_io_stat gauge\nkata_agent_io_stat{item=\"rchar\"} 7\n"
        ));
    }
}
