//! The health service: is the agent there, and which one is it.

use crate::protos::health::{
    HealthCheckResponse, VersionCheckResponse, health_check_response::ServingStatus,
};

use super::AGENT_VERSION;

/// The version of the agent's interface, as agents have told it since it was made.
const INTERFACE_VERSION: &str = "0.0.1";

/// An agent that answers is serving.
pub(crate) fn check() -> HealthCheckResponse {
    let mut response = HealthCheckResponse::new();
    response.status = ServingStatus::SERVING.into();
    response
}

/// Tells the version of the agent that is imitated.
pub(crate) fn version() -> VersionCheckResponse {
    let mut response = VersionCheckResponse::new();
    response.grpc_version = INTERFACE_VERSION.to_owned();
    response.agent_version = AGENT_VERSION.to_owned();
    response
}
