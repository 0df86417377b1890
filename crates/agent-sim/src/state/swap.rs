//! What the guest swaps to: devices by their place on the PCI bus, and files.

use std::collections::BTreeSet;
use std::path::Path;

use nix::errno::Errno;

use super::files::Files;

/// The size of a page, at whose end Linux looks for a swap area's signature.
const PAGE: usize = 4096;
/// What mkswap(8) writes there.
const SIGNATURES: [&[u8]; 2] = [b"SWAPSPACE2", b"SWAP-SPACE"];
/// How many swap areas Linux manages at most, see swapon(2).
const MOST: usize = 29;

/// All swap areas in use.
#[derive(Debug, Default)]
pub(crate) struct Swap {
    areas: BTreeSet<String>,
}

impl Swap {
    /// Begins to swap to a device, which is plugged in as soon as it is asked for.
    ///
    /// # Errors
    /// Those of swapon(2).
    pub(crate) fn add_device(&mut self, place: String) -> nix::Result<()> {
        self.add(place)
    }

    /// Begins to swap to a file of the guest.
    ///
    /// # Errors
    /// Those of swapon(2).
    pub(crate) fn add_file(&mut self, files: &Files, path: &str) -> nix::Result<()> {
        if path.is_empty() {
            return Err(Errno::ENOENT);
        }
        let page = match files.read(Path::new(path), PAGE) {
            Err(Errno::EISDIR) => return Err(Errno::EINVAL),
            other => other?,
        };
        if page.len() < PAGE || !SIGNATURES.iter().any(|each| page.ends_with(each)) {
            return Err(Errno::EINVAL);
        }
        self.add(path.to_owned())
    }

    fn add(&mut self, area: String) -> nix::Result<()> {
        if self.areas.contains(&area) {
            return Err(Errno::EBUSY);
        }
        if self.areas.len() == MOST {
            return Err(Errno::EPERM);
        }
        self.areas.insert(area);
        Ok(())
    }
}
