//! What a container uses, in the shape that cgroups of version 2 have. Its cgroup
//! is made up: processes and limits are what they are, CPU time is the time since its
//! start, and each process counts as one page of memory. Nothing else is counted: there is no cache, no swap and no input
//! or output.

use crate::call::Call;
use crate::protos::agent::{
    BlkioStats, CgroupStats, CpuStats, CpuUsage, HugetlbStats, MemoryData, MemoryStats, PidsStats,
    StatsContainerRequest, StatsContainerResponse, ThrottlingData,
};
use crate::state::Container;

use super::lookup;

/// The size of a page of memory.
const PAGE: u64 = 4096;

/// What the agent tells where memory is not limited.
const UNLIMITED: u64 = u64::MAX;

/// What the kernel, here 6.1, counts in `memory.stat` beside the memory of processes.
const NOTHING: [&str; 45] = [
    "active_file",
    "anon_thp",
    "file",
    "file_dirty",
    "file_mapped",
    "file_thp",
    "file_writeback",
    "inactive_anon",
    "inactive_file",
    "kernel",
    "kernel_stack",
    "pagetables",
    "percpu",
    "pgactivate",
    "pgdeactivate",
    "pgfault",
    "pglazyfree",
    "pglazyfreed",
    "pgmajfault",
    "pgrefill",
    "pgscan",
    "pgscan_direct",
    "pgscan_kswapd",
    "pgsteal",
    "pgsteal_direct",
    "pgsteal_kswapd",
    "sec_pagetables",
    "shmem",
    "shmem_thp",
    "slab",
    "slab_reclaimable",
    "slab_unreclaimable",
    "sock",
    "swapcached",
    "thp_collapse_alloc",
    "thp_fault_alloc",
    "unevictable",
    "vmalloc",
    "workingset_activate_anon",
    "workingset_activate_file",
    "workingset_nodereclaim",
    "workingset_refault_anon",
    "workingset_refault_file",
    "workingset_restore_anon",
    "workingset_restore_file",
];

/// The sizes of huge pages.
const HUGE_PAGES: [&str; 2] = ["2MB", "1GB"];

/// Tells what a container uses. As from the real agent, nothing of networks.
pub(crate) async fn container(
    call: Call<'_>,
    request: StatsContainerRequest,
) -> ttrpc::Result<StatsContainerResponse> {
    let mut sandbox = call.sandbox().await;
    let container = lookup::container(&mut sandbox, &request.container_id)?;
    let mut stats = CgroupStats::new();
    stats.cpu_stats = Some(cpu_stats(container)).into();
    stats.memory_stats = Some(memory_stats(container)).into();
    let mut pids = PidsStats::new();
    pids.current = container.processes() as u64;
    stats.pids_stats = Some(pids).into();
    stats.blkio_stats = Some(BlkioStats::new()).into();
    let huge_pages = HUGE_PAGES.map(|size| (size.to_owned(), HugetlbStats::new()));
    stats.hugetlb_stats = huge_pages.into_iter().collect();
    let mut response = StatsContainerResponse::new();
    response.cgroup_stats = Some(stats).into();
    Ok(response)
}

fn cpu_stats(container: &Container) -> CpuStats {
    let time = u64::try_from(container.time().as_nanos()).unwrap_or(u64::MAX);
    let mut usage = CpuUsage::new();
    usage.total_usage = time;
    usage.usage_in_usermode = time;
    let mut stats = CpuStats::new();
    stats.cpu_usage = Some(usage).into();
    stats.throttling_data = Some(ThrottlingData::new()).into();
    stats
}

fn memory_stats(container: &Container) -> MemoryStats {
    let used = container.processes() as u64 * PAGE;
    // The kernel counts in pages.
    let in_pages = |bytes| bytes / PAGE * PAGE;
    let limits = &container.limits;
    let limit = limits.memory.map_or(UNLIMITED, in_pages);
    // No limit of it is told as 0.
    let swap_limit = limits.swap.map_or(0, in_pages);
    let data = |usage, limit| {
        let data = MemoryData {
            usage,
            max_usage: usage,
            limit,
            ..MemoryData::new()
        };
        Some(data).into()
    };
    let mut stats = MemoryStats::new();
    stats.usage = data(used, limit);
    stats.swap_usage = data(0, swap_limit);
    stats.kernel_usage = data(0, UNLIMITED);
    let of_processes = ["anon", "active_anon"].map(|name| (name.to_owned(), used));
    let nothing = NOTHING.map(|name| (name.to_owned(), 0));
    stats.stats = of_processes.into_iter().chain(nothing).collect();
    stats
}
