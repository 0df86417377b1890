//! Metrics in the text format of Prometheus, under the names that the agent has
//! for them. They are a sample that is always the same.

pub(super) const METRICS: &str = r#"# HELP kata_agent_io_stat Agent process IO statistics
# TYPE kata_agent_io_stat gauge
kata_agent_io_stat{item="rchar"} 73408
kata_agent_io_stat{item="wchar"} 15872
# HELP kata_agent_proc_status Agent process status
# TYPE kata_agent_proc_status gauge
kata_agent_proc_status{item="vmrss"} 14336
kata_agent_proc_status{item="vmsize"} 74752
# HELP kata_agent_scrape_count Metrics scrape count
# TYPE kata_agent_scrape_count counter
kata_agent_scrape_count 1
# HELP kata_agent_threads Agent process threads
# TYPE kata_agent_threads gauge
kata_agent_threads 3
# HELP kata_agent_total_rss Agent process total RSS size
# TYPE kata_agent_total_rss gauge
kata_agent_total_rss 14680064
# HELP kata_agent_total_vm Agent process total VM size
# TYPE kata_agent_total_vm gauge
kata_agent_total_vm 76546048
# HELP kata_guest_load Guest system load
# TYPE kata_guest_load gauge
kata_guest_load{item="load1"} 0.1
kata_guest_load{item="load15"} 0
kata_guest_load{item="load5"} 0.02
# HELP kata_guest_meminfo Statistics about memory usage in the system
# TYPE kata_guest_meminfo gauge
kata_guest_meminfo{item="mem_available"} 1946157056
kata_guest_meminfo{item="mem_free"} 1962934272
kata_guest_meminfo{item="mem_total"} 2097152000
# HELP kata_guest_netdev_stat Guest net devices statistics
# TYPE kata_guest_netdev_stat gauge
kata_guest_netdev_stat{interface="lo",item="recv_bytes"} 0
kata_guest_netdev_stat{interface="lo",item="sent_bytes"} 0
# HELP kata_guest_tasks Guest system load
# TYPE kata_guest_tasks gauge
kata_guest_tasks{item="cur"} 1
kata_guest_tasks{item="max"} 82
"#;
