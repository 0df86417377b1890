//! Storages and devices of a request. Nothing is mounted and no device is made:
//! what is checked is what the agent checks before it would.

use crate::protos::agent::{Device, Storage};
use crate::refusal::internal;

/// The drivers of storages that the agent has.
pub(super) const STORAGE_DRIVERS: [&str; 11] = [
    "blk",
    "ephemeral",
    "erofs.multi-layer",
    "image_guest_pull",
    "local",
    "mmioblk",
    "nvdimm",
    "overlayfs",
    "scsi",
    "virtio-fs",
    "watchable-bind",
];

/// The types of devices that the agent knows.
const DEVICE_TYPES: [&str; 6] = [
    "blk",
    "mmioblk",
    "nvdimm",
    "scsi",
    "vfio-pci",
    "vfio-pci-gk",
];

/// Refuses storages with an unknown driver.
///
/// # Errors
/// `INTERNAL`.
pub(super) fn check_storages(storages: &[Storage]) -> ttrpc::Result<()> {
    for Storage { driver, .. } in storages {
        if !STORAGE_DRIVERS.contains(&driver.as_str()) {
            let reason = format!("Failed to find the storage handler {driver}");
            return Err(internal(reason));
        }
    }
    Ok(())
}

/// Refuses devices that are not wholly described, or of an unknown type.
///
/// # Errors
/// `INTERNAL`.
pub(super) fn check_devices(devices: &[Device]) -> ttrpc::Result<()> {
    for device in devices {
        let (id, kind) = (&device.id, device.type_.as_str());
        let problem = if kind.is_empty() {
            "type"
        } else if id.is_empty() && device.vm_path.is_empty() {
            "ID and VM path"
        } else if device.container_path.is_empty() {
            "container path"
        } else if DEVICE_TYPES.contains(&kind) {
            continue;
        } else {
            let reason = format!("Failed to find the device handler {kind}");
            return Err(internal(reason));
        };
        return Err(internal(format!("invalid {problem} for device {id:?}")));
    }
    Ok(())
}
