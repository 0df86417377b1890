//! The agent that the options name: by its address, or by its sandbox on a host.

use crate::cli;
use crate::error::Error;
use crate::log::Logger;
use crate::transport::Address;

/// The agent's address; `None` where the options name none.
///
/// # Errors
/// When what was given is not an address, or no sandbox with one.
pub(super) fn find(options: &cli::Address, logger: Logger) -> Result<Option<Address>, Error> {
    #[cfg(feature = "node")]
    if let Some(address) = super::sandboxes::of(&options.on_host, logger)? {
        return Ok(Some(address));
    }
    let _ = logger;
    Ok(options.given().map(str::parse).transpose()?)
}

/// Why there is nothing to connect to.
pub(super) fn missing() -> Error {
    let error = crate::session::missing_address();
    #[cfg(feature = "node")]
    let error = error.with_hint("; on a node, --sandbox takes namespace/pod instead");
    error
}
