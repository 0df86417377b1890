//! The RPCs as one table, from which the typed handlers of both services are
//! made. A row that does not fit the protos does not compile; a test compares
//! the rows with the services' descriptors, so that none is missing.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use protobuf::Message as _;
use protobuf::reflect::{FileDescriptor, MessageDescriptor};
use ttrpc::asynchronous::{Client, Service, TtrpcContext};
use ttrpc::context::Context;

use crate::peer::State;
use crate::protos::agent_ttrpc::AgentServiceClient;
use crate::protos::empty::Empty;
use crate::protos::health_ttrpc::HealthClient;
use crate::protos::{agent, agent_ttrpc, csi, health, health_ttrpc, types};

/// One RPC of the peer.
#[derive(Debug)]
pub struct Rpc {
    /// The service's full name.
    pub service: &'static str,
    /// The method's name.
    pub name: &'static str,
    request: fn() -> MessageDescriptor,
    response: fn() -> MessageDescriptor,
    call: Call,
}

/// Makes a call through the typed client: the encoded request, and the encoded
/// response to it.
type Call =
    fn(Client, Context, Vec<u8>) -> Pin<Box<dyn Future<Output = ttrpc::Result<Vec<u8>>> + Send>>;

impl Rpc {
    /// `package.Service/Method`.
    pub fn path(&self) -> String {
        format!("{}/{}", self.service, self.name)
    }

    /// The request's type.
    pub fn request(&self) -> MessageDescriptor {
        (self.request)()
    }

    /// Calls it through the typed client of its service.
    ///
    /// # Errors
    /// The status that it is answered with, or why there is no answer.
    pub async fn call(
        &self,
        client: &Client,
        context: Context,
        request: Vec<u8>,
    ) -> ttrpc::Result<Vec<u8>> {
        (self.call)(client.clone(), context, request).await
    }

    /// The response's type.
    pub fn response(&self) -> MessageDescriptor {
        (self.response)()
    }
}

/// What a service's table is made into.
struct Handlers {
    state: Arc<State>,
}

macro_rules! service {
    (
        $rows:ident: impl $($stub:ident)::+, $client:ident for $service:literal {
            $($rpc:ident $method:ident($($request:ident)::+) -> $($response:ident)::+;)*
        }
    ) => {
        const $rows: &[Rpc] = &[$(Rpc {
            service: $service,
            name: stringify!($rpc),
            request: MessageDescriptor::for_type::<$($request)::+>,
            response: MessageDescriptor::for_type::<$($response)::+>,
            call: |client, context, request| Box::pin(async move {
                let other = |error: protobuf::Error| ttrpc::Error::Others(error.to_string());
                let request = <$($request)::+>::parse_from_bytes(&request).map_err(other)?;
                let client = $client::new(client);
                let response = client.$method(context, &request).await?;
                response.write_to_bytes().map_err(other)
            }),
        }),*];

        #[async_trait]
        impl $($stub)::+ for Handlers {
            $(async fn $method(
                &self,
                context: &TtrpcContext,
                request: $($request)::+,
            ) -> ttrpc::Result<$($response)::+> {
                let path = concat!($service, "/", stringify!($rpc));
                self.state.call(rpc(path), context, Box::new(request)).await
            })*
        }
    };
}

service! {
    AGENT: impl agent_ttrpc::AgentService, AgentServiceClient for "grpc.AgentService" {
        CreateContainer create_container(agent::CreateContainerRequest) -> Empty;
        StartContainer start_container(agent::StartContainerRequest) -> Empty;
        RemoveContainer remove_container(agent::RemoveContainerRequest) -> Empty;
        ExecProcess exec_process(agent::ExecProcessRequest) -> Empty;
        SignalProcess signal_process(agent::SignalProcessRequest) -> Empty;
        WaitProcess wait_process(agent::WaitProcessRequest) -> agent::WaitProcessResponse;
        UpdateContainer update_container(agent::UpdateContainerRequest) -> Empty;
        UpdateEphemeralMounts update_ephemeral_mounts(agent::UpdateEphemeralMountsRequest) -> Empty;
        StatsContainer stats_container(agent::StatsContainerRequest) -> agent::StatsContainerResponse;
        PauseContainer pause_container(agent::PauseContainerRequest) -> Empty;
        ResumeContainer resume_container(agent::ResumeContainerRequest) -> Empty;
        RemoveStaleVirtiofsShareMounts remove_stale_virtiofs_share_mounts(agent::RemoveStaleVirtiofsShareMountsRequest) -> Empty;
        GetDiagnosticData get_diagnostic_data(agent::GetDiagnosticDataRequest) -> agent::GetDiagnosticDataResponse;
        WriteStdin write_stdin(agent::WriteStreamRequest) -> agent::WriteStreamResponse;
        ReadStdout read_stdout(agent::ReadStreamRequest) -> agent::ReadStreamResponse;
        ReadStderr read_stderr(agent::ReadStreamRequest) -> agent::ReadStreamResponse;
        CloseStdin close_stdin(agent::CloseStdinRequest) -> Empty;
        TtyWinResize tty_win_resize(agent::TtyWinResizeRequest) -> Empty;
        UpdateInterface update_interface(agent::UpdateInterfaceRequest) -> types::Interface;
        UpdateRoutes update_routes(agent::UpdateRoutesRequest) -> agent::Routes;
        ListInterfaces list_interfaces(agent::ListInterfacesRequest) -> agent::Interfaces;
        ListRoutes list_routes(agent::ListRoutesRequest) -> agent::Routes;
        AddARPNeighbors add_arp_neighbors(agent::AddARPNeighborsRequest) -> Empty;
        GetIPTables get_ip_tables(agent::GetIPTablesRequest) -> agent::GetIPTablesResponse;
        SetIPTables set_ip_tables(agent::SetIPTablesRequest) -> agent::SetIPTablesResponse;
        GetMetrics get_metrics(agent::GetMetricsRequest) -> agent::Metrics;
        MemAgentMemcgSet mem_agent_memcg_set(agent::MemAgentMemcgConfig) -> Empty;
        MemAgentCompactSet mem_agent_compact_set(agent::MemAgentCompactConfig) -> Empty;
        CreateSandbox create_sandbox(agent::CreateSandboxRequest) -> Empty;
        DestroySandbox destroy_sandbox(agent::DestroySandboxRequest) -> Empty;
        OnlineCPUMem online_cpu_mem(agent::OnlineCPUMemRequest) -> Empty;
        ReseedRandomDev reseed_random_dev(agent::ReseedRandomDevRequest) -> Empty;
        GetGuestDetails get_guest_details(agent::GuestDetailsRequest) -> agent::GuestDetailsResponse;
        MemHotplugByProbe mem_hotplug_by_probe(agent::MemHotplugByProbeRequest) -> Empty;
        SetGuestDateTime set_guest_date_time(agent::SetGuestDateTimeRequest) -> Empty;
        CopyFile copy_file(agent::CopyFileRequest) -> Empty;
        GetOOMEvent get_oom_event(agent::GetOOMEventRequest) -> agent::OOMEvent;
        AddSwap add_swap(agent::AddSwapRequest) -> Empty;
        AddSwapPath add_swap_path(agent::AddSwapPathRequest) -> Empty;
        GetVolumeStats get_volume_stats(agent::VolumeStatsRequest) -> csi::VolumeStatsResponse;
        ResizeVolume resize_volume(agent::ResizeVolumeRequest) -> Empty;
        SetPolicy set_policy(agent::SetPolicyRequest) -> Empty;
    }
}

service! {
    HEALTH: impl health_ttrpc::Health, HealthClient for "grpc.Health" {
        Check check(health::CheckRequest) -> health::HealthCheckResponse;
        Version version(health::CheckRequest) -> health::VersionCheckResponse;
    }
}

/// Every RPC of both services.
pub fn rpcs() -> impl Iterator<Item = &'static Rpc> {
    AGENT.iter().chain(HEALTH)
}

/// The RPC with this method name or `package.Service/Method`.
///
/// # Panics
/// When there is none.
#[expect(clippy::panic, reason = "a test that names no RPC must fail")]
pub(crate) fn rpc(name: &str) -> &'static Rpc {
    rpcs()
        .find(|rpc| rpc.name == name || rpc.path() == name)
        .unwrap_or_else(|| panic!("the peer has no RPC {name:?}"))
}

/// The proto files that declare the services.
pub fn files() -> [&'static FileDescriptor; 2] {
    [agent::file_descriptor(), health::file_descriptor()]
}

/// Both services, ready to be registered with a server.
pub(crate) fn services(state: &Arc<State>) -> HashMap<String, Service> {
    let handlers = Arc::new(Handlers {
        state: Arc::clone(state),
    });
    let mut services = agent_ttrpc::create_agent_service(handlers.clone());
    services.extend(health_ttrpc::create_health(handlers));
    services
}
