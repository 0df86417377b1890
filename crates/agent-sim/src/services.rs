//! The services as one connection has them: the typed ones of agent 4.1, whose
//! methods are in [`super::behaviour`], and for any other RPC of a schema a
//! handler that answers its empty response.

use std::collections::HashMap;
use std::sync::Arc;

use agent_schema::{Rpc, Schema};
use async_trait::async_trait;
use tokio::sync::watch;
use ttrpc::asynchronous::{Service, TtrpcContext};

use super::agent::Agent;
use super::behaviour::{
    container, diagnostics, events, files, guest, health, ip_tables, memory, mounts, network,
    policy, process, sandbox, stats, stdio, volumes,
};
use super::call::Call;
use super::notice::Watch;
use super::protos::{agent, agent_ttrpc, csi, empty, health as health_protos, health_ttrpc, types};
use super::streams::Streaming;
use super::unary::Unary;

/// One client's connection, as the calls on it see it.
pub(super) struct Connection {
    agent: Arc<Agent>,
    watch: Arc<dyn Watch>,
    /// Dropped with the connection, which ends the streams on it.
    _open: watch::Sender<()>,
}

/// A handler for every RPC of agent 4.1 and of `schema`, on a connection that
/// `watch` watches.
pub(super) fn services(
    schema: &'static Schema,
    agent: &Arc<Agent>,
    watch: &Arc<dyn Watch>,
) -> HashMap<String, Service> {
    let (open, over) = watch::channel(());
    let connection = Arc::new(Connection {
        agent: Arc::clone(agent),
        watch: Arc::clone(watch),
        _open: open,
    });
    let mut services = agent_ttrpc::create_agent_service(Arc::clone(&connection) as _);
    services.extend(health_ttrpc::create_health(connection));
    for rpc in schema.services.iter().flat_map(|service| service.rpcs) {
        let service = services.entry(rpc.service.to_owned());
        let service = service.or_insert_with(|| Service {
            methods: HashMap::new(),
            streams: HashMap::new(),
        });
        add(service, rpc, watch, &over);
    }
    services
}

fn add(
    service: &mut Service,
    rpc: &'static Rpc,
    watch: &Arc<dyn Watch>,
    over: &watch::Receiver<()>,
) {
    let name = rpc.name.to_owned();
    if rpc.is_streaming() {
        let handler = Streaming::new(rpc, Arc::clone(watch), over.clone());
        service.streams.entry(name).or_insert(Arc::new(handler));
    } else {
        let handler = || Box::new(Unary(rpc)) as _;
        service.methods.entry(name).or_insert_with(handler);
    }
}

impl Connection {
    fn call(
        &self,
        context: &TtrpcContext,
        service: &'static str,
        method: &'static str,
    ) -> Call<'_> {
        Call {
            agent: &self.agent,
            watch: self.watch.as_ref(),
            stream: context.mh.stream_id,
            service,
            method,
        }
    }
}

/// A service whose methods are functions elsewhere. Requests are held to the
/// policy before they come to them.
macro_rules! agent_service {
    ($($method:ident $name:literal $package:ident::$request:ident -> $response:ty
        = $area:ident::$function:ident;)*) => {
        #[async_trait]
        impl agent_ttrpc::AgentService for Connection {
            $(async fn $method(
                &self,
                context: &TtrpcContext,
                request: $package::$request,
            ) -> ttrpc::Result<$response> {
                // What a process writes is read all the same, and then thrown away.
                if stringify!($request) != "ReadStreamRequest" {
                    self.agent.permit(&request).await?;
                }
                let call = self.call(context, "grpc.AgentService", $name);
                $area::$function(call, request).await
            })*
        }
    };
}

agent_service! {
    create_container "CreateContainer"
        agent::CreateContainerRequest -> empty::Empty = container::create;
    start_container "StartContainer"
        agent::StartContainerRequest -> empty::Empty = container::start;
    remove_container "RemoveContainer"
        agent::RemoveContainerRequest -> empty::Empty = container::remove;
    update_container "UpdateContainer"
        agent::UpdateContainerRequest -> empty::Empty = container::update;
    pause_container "PauseContainer"
        agent::PauseContainerRequest -> empty::Empty = container::pause;
    resume_container "ResumeContainer"
        agent::ResumeContainerRequest -> empty::Empty = container::resume;
    stats_container "StatsContainer"
        agent::StatsContainerRequest -> agent::StatsContainerResponse = stats::container;
    exec_process "ExecProcess"
        agent::ExecProcessRequest -> empty::Empty = process::exec;
    signal_process "SignalProcess"
        agent::SignalProcessRequest -> empty::Empty = process::signal;
    wait_process "WaitProcess"
        agent::WaitProcessRequest -> agent::WaitProcessResponse = process::wait;
    write_stdin "WriteStdin"
        agent::WriteStreamRequest -> agent::WriteStreamResponse = stdio::write_stdin;
    read_stdout "ReadStdout"
        agent::ReadStreamRequest -> agent::ReadStreamResponse = stdio::read_stdout;
    read_stderr "ReadStderr"
        agent::ReadStreamRequest -> agent::ReadStreamResponse = stdio::read_stderr;
    close_stdin "CloseStdin"
        agent::CloseStdinRequest -> empty::Empty = stdio::close_stdin;
    tty_win_resize "TtyWinResize"
        agent::TtyWinResizeRequest -> empty::Empty = stdio::resize;
    get_diagnostic_data "GetDiagnosticData"
        agent::GetDiagnosticDataRequest -> agent::GetDiagnosticDataResponse = diagnostics::get;
    create_sandbox "CreateSandbox"
        agent::CreateSandboxRequest -> empty::Empty = sandbox::create;
    destroy_sandbox "DestroySandbox"
        agent::DestroySandboxRequest -> empty::Empty = sandbox::destroy;
    get_oom_event "GetOOMEvent"
        agent::GetOOMEventRequest -> agent::OOMEvent = events::get_oom;
    update_interface "UpdateInterface"
        agent::UpdateInterfaceRequest -> types::Interface = network::update_interface;
    update_routes "UpdateRoutes"
        agent::UpdateRoutesRequest -> agent::Routes = network::update_routes;
    list_interfaces "ListInterfaces"
        agent::ListInterfacesRequest -> agent::Interfaces = network::list_interfaces;
    list_routes "ListRoutes"
        agent::ListRoutesRequest -> agent::Routes = network::list_routes;
    add_arp_neighbors "AddARPNeighbors"
        agent::AddARPNeighborsRequest -> empty::Empty = network::add_neighbours;
    get_ip_tables "GetIPTables"
        agent::GetIPTablesRequest -> agent::GetIPTablesResponse = ip_tables::get;
    set_ip_tables "SetIPTables"
        agent::SetIPTablesRequest -> agent::SetIPTablesResponse = ip_tables::set;
    update_ephemeral_mounts "UpdateEphemeralMounts"
        agent::UpdateEphemeralMountsRequest -> empty::Empty = mounts::update_ephemeral;
    remove_stale_virtiofs_share_mounts "RemoveStaleVirtiofsShareMounts"
        agent::RemoveStaleVirtiofsShareMountsRequest -> empty::Empty = mounts::remove_stale;
    copy_file "CopyFile"
        agent::CopyFileRequest -> empty::Empty = files::copy;
    get_volume_stats "GetVolumeStats"
        agent::VolumeStatsRequest -> csi::VolumeStatsResponse = volumes::stats;
    resize_volume "ResizeVolume"
        agent::ResizeVolumeRequest -> empty::Empty = volumes::resize;
    add_swap "AddSwap"
        agent::AddSwapRequest -> empty::Empty = memory::add_swap;
    add_swap_path "AddSwapPath"
        agent::AddSwapPathRequest -> empty::Empty = memory::add_swap_path;
    online_cpu_mem "OnlineCPUMem"
        agent::OnlineCPUMemRequest -> empty::Empty = memory::bring_online;
    mem_hotplug_by_probe "MemHotplugByProbe"
        agent::MemHotplugByProbeRequest -> empty::Empty = memory::probe;
    mem_agent_memcg_set "MemAgentMemcgSet"
        agent::MemAgentMemcgConfig -> empty::Empty = memory::set_cold_memory;
    mem_agent_compact_set "MemAgentCompactSet"
        agent::MemAgentCompactConfig -> empty::Empty = memory::set_compaction;
    get_guest_details "GetGuestDetails"
        agent::GuestDetailsRequest -> agent::GuestDetailsResponse = guest::details;
    get_metrics "GetMetrics"
        agent::GetMetricsRequest -> agent::Metrics = guest::metrics;
    set_guest_date_time "SetGuestDateTime"
        agent::SetGuestDateTimeRequest -> empty::Empty = guest::set_date_time;
    reseed_random_dev "ReseedRandomDev"
        agent::ReseedRandomDevRequest -> empty::Empty = guest::reseed;
    set_policy "SetPolicy"
        agent::SetPolicyRequest -> empty::Empty = policy::set;
}

/// Whoever asks is answered, whatever the policy says.
#[async_trait]
impl health_ttrpc::Health for Connection {
    async fn check(
        &self,
        _: &TtrpcContext,
        _: health_protos::CheckRequest,
    ) -> ttrpc::Result<health_protos::HealthCheckResponse> {
        Ok(health::check())
    }

    async fn version(
        &self,
        _: &TtrpcContext,
        _: health_protos::CheckRequest,
    ) -> ttrpc::Result<health_protos::VersionCheckResponse> {
        Ok(health::version())
    }
}
